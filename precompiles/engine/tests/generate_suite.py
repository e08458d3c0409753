#!/usr/bin/env python3
"""Writes the test cases of the onnx package as folders that the op_suite example runs.

usage: generate_suite.py nodes FOLDER    the node tests, with the outputs that onnx expects
       generate_suite.py light FOLDER    the light models, with the outputs of onnxruntime

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
                write(folder, name, *promote_pair(case.model, inputs), outputs)
                count += 1
            except (TypeError, ValueError, KeyError) as error:
                print(f"skipped {name}: {error}", file=sys.stderr)
    print(f"{count} cases in {folder}")


def promote_pair(model, inputs):
    if len(model.graph.input) != len(inputs):
        return model, inputs
    return promote(model, inputs)


def light(folder):
    import onnxruntime

    source = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data/light")
    for file in sorted(os.listdir(source)):
        if not file.endswith(".onnx"):
            continue
        path = os.path.join(source, file)
        model = onnx.load(path)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        random = numpy.random.default_rng(1)
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
