"""Writes the models of the start-up self-test.

Weights come from a fixed seed, so that a second run writes the same bytes. The expected hashes are
in `src/host/self_test.rs`; a change of this file changes them.

    pip install onnx numpy && python3 generate.py
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
RNG = np.random.default_rng(20_260_101)


def weights(name, *shape, scale=0.5):
    return numpy_helper.from_array(RNG.normal(0, scale, shape).astype(np.float32), name)


def positive(name, *shape):
    return numpy_helper.from_array(RNG.uniform(0.5, 1.5, shape).astype(np.float32), name)


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def save(file, nodes, inputs, outputs, initializers):
    def value_info(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes,
        file,
        [value_info(*item) for item in inputs],
        [value_info(*item) for item in outputs],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    (HERE / f"{file}.onnx").write_bytes(model.SerializeToString())


def functions():
    """Every scalar function of the profile on 1,024 values, special ones among them."""
    shape = [1024]
    unary = [
        "Abs", "Ceil", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "Log", "Neg", "Reciprocal",
        "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softplus", "Softsign", "Sqrt", "Tanh",
    ]
    nodes = [helper.make_node(op, ["x"], [op.lower()]) for op in unary]
    nodes += [
        helper.make_node(op, ["x", "y"], [op.lower()])
        for op in ["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"]
    ]
    outputs = [(node.output[0], shape) for node in nodes]
    # Sixteen outputs are the most that a model may have: the functions are joined.
    names = [name for name, _ in outputs]
    nodes.append(helper.make_node("Concat", names, ["joined"], axis=0))
    joined = [("joined", [1024 * len(names)])]
    save("functions", nodes, [("x", shape), ("y", shape)], joined, [])


def network():
    """A small network with every kind of reduction: convolutions, pools, norms, products."""
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("BatchNormalization", ["c1", "g", "b", "m", "v"], ["n1"]),
        helper.make_node("Relu", ["n1"], ["r1"]),
        helper.make_node("MaxPool", ["r1"], ["p1"], kernel_shape=[3, 3], strides=[2, 2]),
        helper.make_node("Conv", ["p1", "w2"], ["c2"], group=16, pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["c2", "w3", "b3"], ["c3"], group=2, dilations=[2, 2]),
        helper.make_node("Sigmoid", ["c3"], ["s3"]),
        helper.make_node("AveragePool", ["s3"], ["p3"], kernel_shape=[2, 2], strides=[1, 1]),
        helper.make_node("Flatten", ["p3"], ["f"]),
        helper.make_node("Gemm", ["f", "w4", "b4"], ["h"], transB=1),
        helper.make_node("LayerNormalization", ["h", "lg", "lb"], ["l"]),
        helper.make_node("Reshape", ["l", "rows"], ["q"]),
        helper.make_node("Transpose", ["q"], ["qt"], perm=[1, 0]),
        helper.make_node("MatMul", ["q", "qt"], ["qq"]),
        helper.make_node("Softmax", ["qq"], ["attention"], axis=-1),
        helper.make_node("MatMul", ["attention", "q"], ["o"]),
        helper.make_node("ReduceMean", ["o"], ["mean"], axes=[1], keepdims=0),
    ]
    initializers = [
        weights("w1", 16, 3, 3, 3), weights("b1", 16),
        positive("g", 16), weights("b", 16), weights("m", 16), positive("v", 16),
        weights("w2", 16, 1, 3, 3), weights("w3", 8, 8, 2, 2), weights("b3", 8),
        weights("w4", 64, 8 * 4 * 4, scale=0.1), weights("b4", 64),
        positive("lg", 64), weights("lb", 64), ints("rows", 8, 8),
    ]
    save("network", nodes, [("x", [1, 3, 32, 32])], [("o", [8, 8]), ("mean", [8])], initializers)


functions()
network()
