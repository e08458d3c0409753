#!/usr/bin/env python3
"""Writes test cases of the onnx package in the layout of the ONNX backend tests, for the command
`noema conformance`.

usage: generate_suite.py nodes FOLDER    the node tests, with the outputs that onnx expects
       generate_suite.py light FOLDER    the light models with random weights, and the outputs of
                                         onnxruntime

Needs the packages onnx and numpy, and onnxruntime for the light models. The suites that the package
carries as files (pytorch-converted, pytorch-operator, simple) need no writing: they lie in its
folder `backend/test/data`.
"""

import json
import os
import sys

import numpy
import onnx
from onnx import numpy_helper

# Those of onnx.backend.test; the layout has no place for others.
DEFAULT_TOLERANCE = {"rtol": 1e-3, "atol": 1e-7}

# Cases whose expected outputs carry the rounding errors of a transform in binary32: an imaginary part
# that is zero comes out as 2e-7 there.
OTHER_TOLERANCES = {
    "test_dft_inverse": {"rtol": 1e-3, "atol": 1e-6},
    "test_dft_inverse_opset19": {"rtol": 1e-3, "atol": 1e-6},
}


def proto_of(value):
    """A tensor, a sequence or an optional as the protobuf that the layout stores."""
    if hasattr(value, "SerializeToString"):
        return value
    if isinstance(value, (list, tuple)):
        return numpy_helper.from_list(list(value))
    if value is None:
        return onnx.OptionalProto()
    return numpy_helper.from_array(numpy.asarray(value))


def write(folder, name, model, data_sets, tolerance):
    case = os.path.join(folder, name)
    os.makedirs(case, exist_ok=True)
    with open(os.path.join(case, "model.onnx"), "wb") as file:
        file.write(model.SerializeToString())
    for number, (inputs, outputs) in enumerate(data_sets):
        data = os.path.join(case, f"test_data_set_{number}")
        os.makedirs(data, exist_ok=True)
        for kind, values in (("input", inputs), ("output", outputs)):
            for index, value in enumerate(values):
                with open(os.path.join(data, f"{kind}_{index}.pb"), "wb") as file:
                    file.write(proto_of(value).SerializeToString())
    if tolerance != DEFAULT_TOLERANCE:
        with open(os.path.join(case, "tolerance.json"), "w") as file:
            json.dump(tolerance, file)


# Inputs that fix the shape of the output whatever their type, by their place.
SHAPE_INPUTS = {
    "BlackmanWindow": [0],
    "ConstantOfShape": [0],
    "HammingWindow": [0],
    "HannWindow": [0],
    "OneHot": [1],
    "Range": [0, 1, 2],
    "Resize": [1, 2, 3],
    "Upsample": [1],
}


# Whose scales stay inputs: onnx expects the places of align_corners from the length before rounding,
# where the operator's text, onnxruntime and PyTorch take the length of the output.
UNROUNDED = {
    "test_resize_downsample_scales_cubic_align_corners",
    "test_resize_downsample_scales_linear_align_corners",
}


def shape_inputs(name, model):
    """The names of the inputs that fix the shape of some node's output."""
    if name in UNROUNDED:
        return set()
    return {
        node.input[place]
        for node in model.graph.node
        for place in SHAPE_INPUTS.get(node.op_type, [])
        if place < len(node.input)
    }


def is_parameter(value):
    return (
        isinstance(value, (numpy.ndarray, numpy.generic))
        and numpy.ndim(value) <= 1
        and value.dtype in (numpy.int64, numpy.int32)
    )


def with_constant_parameters(name, model, data_sets):
    """Turns graph inputs that operators need as constants (axes, shapes) to initializers.

    The node tests give every input of an operator at run time. An engine with static shapes needs
    the parameters of shape as constants, so integer inputs of at most one axis become initializers,
    but for the first input unless it is a scalar and the only one; and so do those that an operator
    takes a shape from. Those whose value differs between data sets stay inputs.
    """
    graph_inputs = list(model.graph.input)
    if any(len(inputs) != len(graph_inputs) for inputs, _ in data_sets):
        return model, data_sets
    constant = onnx.ModelProto()
    constant.CopyFrom(model)
    del constant.graph.input[:]
    fixed = shape_inputs(name, model)
    kept = []
    for index, info in enumerate(graph_inputs):
        values = [inputs[index] for inputs, _ in data_sets]
        parameter = all(is_parameter(value) for value in values) and (
            index > 0 or (len(graph_inputs) == 1 and numpy.ndim(values[0]) == 0)
        )
        if (parameter or info.name in fixed) and all(
            numpy.array_equal(value, values[0]) for value in values
        ):
            tensor = numpy_helper.from_array(numpy.asarray(values[0]), info.name)
            constant.graph.initializer.append(tensor)
        else:
            constant.graph.input.append(info)
            kept.append(index)
    return constant, [([inputs[i] for i in kept], outputs) for inputs, outputs in data_sets]


def nodes(folder):
    import warnings

    warnings.filterwarnings("ignore")
    from onnx.backend.test.case.node import collect_testcases

    count = 0
    for case in collect_testcases(None):
        model, data_sets = with_constant_parameters(
            case.name, case.model, case.data_sets
        )
        tolerance = OTHER_TOLERANCES.get(case.name, {"rtol": case.rtol, "atol": case.atol})
        write(folder, case.name, model, data_sets, tolerance)
        count += 1
    print(f"{count} cases in {folder}")


def with_random_weights(model, random):
    """The light models make their weights by ConstantOfShape, all alike; these tell a tap from another."""
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape" or node.input[0] not in shapes:
            kept.append(node)
            continue
        shape = [int(dim) for dim in shapes[node.input[0]]]
        if len(shape) > 1:
            fan_in = numpy.prod(shape[1:])
            weights = random.standard_normal(shape) * numpy.sqrt(2 / fan_in)
        else:
            weights = random.uniform(0.5, 1.5, shape)
        tensor = numpy_helper.from_array(weights.astype(numpy.float32), node.output[0])
        model.graph.initializer.append(tensor)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    initializers = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(initializers)
    names = {tensor.name for tensor in initializers}
    inputs = [info for info in model.graph.input if info.name not in names and info.name in used]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.ir_version = max(model.ir_version, 4)
    return model


def light(folder):
    import onnxruntime

    source = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data/light")
    for file in sorted(os.listdir(source)):
        if not file.endswith(".onnx"):
            continue
        path = os.path.join(source, file)
        random = numpy.random.default_rng(1)
        model = with_random_weights(onnx.load(path), random)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        feed = {
            info.name: random.standard_normal(info.shape).astype(numpy.float32)
            for info in session.get_inputs()
        }
        outputs = session.run(None, feed)
        name = file.removesuffix(".onnx")
        write(folder, name, model, [(list(feed.values()), outputs)], {"rtol": 1e-4, "atol": 1e-6})
        print(file)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("nodes", "light"):
        sys.exit(__doc__)
    {"nodes": nodes, "light": light}[sys.argv[1]](sys.argv[2])
