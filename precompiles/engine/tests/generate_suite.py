#!/usr/bin/env python3
"""Writes the test cases of the onnx package as folders that the op_suite example runs.

usage: generate_suite.py nodes FOLDER    the node tests, with the outputs that onnx expects
       generate_suite.py light FOLDER    the light models with random weights, and the outputs of
                                         onnxruntime

Needs the packages onnx and numpy, and onnxruntime for the light models.
"""

import os
import sys

import numpy
import onnx
from onnx import numpy_helper


def write(folder, name, model, inputs, outputs, tolerance=None):
    case = os.path.join(folder, name)
    os.makedirs(case, exist_ok=True)
    onnx.save(model, os.path.join(case, "model.onnx"))
    for kind, values in (("input", inputs), ("output", outputs)):
        for index, value in enumerate(values):
            proto = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value)
            with open(os.path.join(case, f"{kind}_{index}.pb"), "wb") as file:
                file.write(proto.SerializeToString())
    if tolerance is not None:
        with open(os.path.join(case, "tolerance"), "w") as file:
            file.write(str(tolerance))


def promote(model, values):
    """Turns graph inputs that operators need as constants (axes, shapes) to initializers.

    The node tests give every input of an operator at run time. An engine with static shapes needs
    the parameters of shape as constants, so a second form of each case has its integer inputs of
    at most one axis, and the scalars of its other types, as initializers.
    """
    constant = onnx.ModelProto()
    constant.CopyFrom(model)
    del constant.graph.input[:]
    kept = []
    for info, value in zip(model.graph.input, values):
        array = value if isinstance(value, numpy.ndarray) else numpy.asarray(value)
        is_parameter = array.ndim <= 1 and array.dtype in (numpy.int64, numpy.int32)
        if is_parameter and len(model.graph.input) > 1 and info is not model.graph.input[0]:
            constant.graph.initializer.append(numpy_helper.from_array(array, info.name))
        else:
            constant.graph.input.append(info)
            kept.append(value)
    return constant, kept


def nodes(folder):
    import warnings

    warnings.filterwarnings("ignore")
    from onnx.backend.test.case.node import collect_testcases

    count = 0
    for case in collect_testcases(None):
        for index, (inputs, outputs) in enumerate(case.data_sets):
            values = [*inputs, *outputs]
            if not all(isinstance(v, (numpy.ndarray, numpy.generic)) for v in values):
                continue
            inputs = [numpy.asarray(value) for value in inputs]
            outputs = [numpy.asarray(value) for value in outputs]
            name = case.name if index == 0 else f"{case.name}_{index}"
            try:
                write(folder, name, *promote_pair(case.model, inputs), outputs, case.rtol)
                count += 1
            except (TypeError, ValueError, KeyError) as error:
                print(f"skipped {name}: {error}", file=sys.stderr)
    print(f"{count} cases in {folder}")


def promote_pair(model, inputs):
    if len(model.graph.input) != len(inputs):
        return model, inputs
    return promote(model, inputs)


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
        write(folder, file.removesuffix(".onnx"), model, list(feed.values()), outputs, 1e-4)
        print(file)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("nodes", "light"):
        sys.exit(__doc__)
    {"nodes": nodes, "light": light}[sys.argv[1]](sys.argv[2])
