#!/usr/bin/env python3
"""Writes the networks of the table, with random weights from a fixed seed.

usage: models.py FOLDER [NAME...]

Each network gets a folder with

    model.onnx        the file that all engines run, or Noema alone if there is a full.onnx
    full.onnx         the same weights written out, for networks beyond the chain's 128 MiB a file:
                      there model.onnx repeats a block of each large weight by Tile
    input_<i>.pb      the inputs, in the graph's order
    reference.f64     the outputs of the same network evaluated in binary64 by onnx's reference
                      evaluator, each element in binary64

Needs the packages onnx and numpy.
"""

import os
import shutil
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../precompiles/engine/tests"))
from generate_suite import with_random_weights  # noqa: E402

FILE_LIMIT = 128 << 20
# A weight of more elements than this repeats a block, where the file would be too large.
LARGE = 1 << 20
SEED = 1


class Graph:
    """A graph in the making: weights by value, nodes in order."""

    def __init__(self, seed=SEED):
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.initializers, self.count = [], [], 0

    def add(self, op, *inputs, outputs=1, domain="", **attributes):
        """Adds a node and returns its output, or its outputs."""
        self.count += 1
        names = [f"{op.lower()}_{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(
            helper.make_node(op, list(inputs), names, domain=domain, **attributes)
        )
        return names[0] if outputs == 1 else names

    def constant(self, value, dtype=numpy.float32):
        self.count += 1
        name = f"c_{self.count}"
        self.initializers.append(numpy_helper.from_array(numpy.asarray(value, dtype), name))
        return name

    def weight(self, *shape, scale=None):
        """Normal, with the standard deviation that keeps magnitudes (of the first axis's sum)."""
        scale = scale if scale is not None else 1 / numpy.sqrt(shape[0])
        return self.constant(self.random.standard_normal(shape, numpy.float32) * scale)

    def linear(self, x, inputs, outputs):
        """x W + b."""
        product = self.add("MatMul", x, self.weight(inputs, outputs))
        return self.add("Add", product, self.weight(outputs, scale=0.02))

    def norm(self, x, width):
        scale = self.constant(self.random.uniform(0.5, 1.5, width))
        return self.add("LayerNormalization", x, scale, self.weight(width, scale=0.1), axis=-1)

    def model(self, inputs, outputs, opset=17, ml=None):
        """inputs and outputs: (name, element type, shape)."""
        opsets = [helper.make_opsetid("", opset)]
        if ml is not None:
            opsets.append(helper.make_opsetid("ai.onnx.ml", ml))
        infos = lambda items: [helper.make_tensor_value_info(*item) for item in items]
        graph = helper.make_graph(
            self.nodes, "bench", infos(inputs), infos(outputs), self.initializers
        )
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def rename(self, old, new):
        for node in self.nodes:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name == old:
                        names[i] = new


def ints(graph, *values):
    return graph.constant(values, numpy.int64)


def light(name):
    """A network of the onnx package, up to its logits."""

    def build():
        path = os.path.join(
            os.path.dirname(onnx.__file__), f"backend/test/data/light/light_{name}.onnx"
        )
        random = numpy.random.default_rng(SEED)
        model = with_random_weights(onnx.load(path), random)
        # A softmax of random logits hides what differs.
        last = model.graph.node[-1]
        if last.op_type == "Softmax":
            model.graph.output[0].name = last.input[0]
            model.graph.node.pop()
        feed = [
            random.standard_normal(
                [dim.dim_value for dim in info.type.tensor_type.shape.dim]
            ).astype(numpy.float32)
            for info in model.graph.input
        ]
        del model.graph.value_info[:]
        return model, feed

    return build


def attention(graph, q, k, v, heads, width, mask=None):
    """softmax(q k / sqrt(d)) v for q, k, v of (1, heads, positions, d); (1, positions, width)."""
    scores = graph.add("MatMul", q, graph.add("Transpose", k, perm=[0, 1, 3, 2]))
    scores = graph.add("Div", scores, graph.constant(numpy.sqrt(width // heads)))
    context = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), v)
    context = graph.add("Transpose", context, perm=[0, 2, 1, 3])
    return graph.add("Reshape", context, ints(graph, 1, -1, width))


def split_heads(graph, x, positions, heads, width):
    shape = ints(graph, 1, positions, heads, width // heads)
    return graph.add("Transpose", graph.add("Reshape", x, shape), perm=[0, 2, 1, 3])


def gelu(graph, x):
    """0.5 x (1 + erf(x / sqrt 2)), as exporters write it."""
    erf = graph.add("Erf", graph.add("Div", x, graph.constant(numpy.sqrt(2))))
    product = graph.add("Mul", x, graph.add("Add", erf, graph.constant(1)))
    return graph.add("Mul", product, graph.constant(0.5))


def encoder():
    """Six layers of width 384, 12 heads, 128 tokens, a vocabulary of 30,522: 22 M parameters."""
    layers, width, heads, tokens, words = 6, 384, 12, 128, 30_522
    graph = Graph()
    table = graph.weight(words, width, scale=0.5)
    x = graph.add("Gather", table, "ids")
    x = graph.add("Add", x, graph.weight(1, tokens, width, scale=0.5))
    x = graph.norm(x, width)
    for _ in range(layers):
        parts = [
            split_heads(graph, graph.linear(x, width, width), tokens, heads, width)
            for _ in range(3)
        ]
        context = attention(graph, *parts, heads, width)
        x = graph.norm(graph.add("Add", x, graph.linear(context, width, width)), width)
        inner = gelu(graph, graph.linear(x, width, 4 * width))
        x = graph.norm(graph.add("Add", x, graph.linear(inner, 4 * width, width)), width)
    graph.rename(x, "states")
    model = graph.model(
        [("ids", TensorProto.INT64, [1, tokens])],
        [("states", TensorProto.FLOAT, [1, tokens, width])],
    )
    return model, [graph.random.integers(0, words, (1, tokens))]


def gpt2():
    """One step of GPT-2 small: 12 layers of width 768, 12 heads, 127 tokens in the past, logits."""
    layers, width, heads, past, words = 12, 768, 12, 127, 50_257
    graph = Graph()
    table = graph.weight(words, width, scale=0.1)
    x = graph.add("Gather", table, "ids")
    x = graph.add("Add", x, graph.add("Gather", graph.weight(1024, width, scale=0.1), "position"))
    history = graph.add("Split", "past", outputs=2 * layers, axis=0)
    present = []
    for layer in range(layers):
        joint = graph.linear(graph.norm(x, width), width, 3 * width)
        q, k, v = (
            split_heads(graph, part, 1, heads, width)
            for part in graph.add("Split", joint, outputs=3, axis=2)
        )
        k = graph.add("Concat", history[2 * layer], k, axis=2)
        v = graph.add("Concat", history[2 * layer + 1], v, axis=2)
        present += [k, v]
        context = attention(graph, q, k, v, heads, width)
        x = graph.add("Add", x, graph.linear(context, width, width))
        inner = gelu(graph, graph.linear(graph.norm(x, width), width, 4 * width))
        x = graph.add("Add", x, graph.linear(inner, 4 * width, width))
    x = graph.add("Reshape", graph.norm(x, width), ints(graph, 1, width))
    # The table of words, transposed, makes the logits.
    graph.rename(graph.add("Gemm", x, table, transB=1), "logits")
    graph.rename(graph.add("Concat", *present, axis=0), "present")
    head = width // heads
    model = graph.model(
        [
            ("ids", TensorProto.INT64, [1, 1]),
            ("position", TensorProto.INT64, [1, 1]),
            ("past", TensorProto.FLOAT, [2 * layers, heads, past, head]),
        ],
        [
            ("logits", TensorProto.FLOAT, [1, words]),
            ("present", TensorProto.FLOAT, [2 * layers, heads, past + 1, head]),
        ],
        # Split into equal parts without a constant, as before opset 18.
        opset=17,
    )
    feed = [
        numpy.array([[17]]),
        numpy.array([[past]]),
        graph.random.standard_normal((2 * layers, heads, past, head), numpy.float32),
    ]
    return model, feed


def lstm():
    """One layer of 256 cells over 100 steps of 128 values, and ten logits of the last state."""
    steps, inputs, cells = 100, 128, 256
    graph = Graph()
    scale = 1 / numpy.sqrt(cells)
    weights = [
        graph.weight(1, 4 * cells, inputs, scale=scale),
        graph.weight(1, 4 * cells, cells, scale=scale),
        graph.weight(1, 8 * cells, scale=scale),
    ]
    _, state, _ = graph.add("LSTM", "x", *weights, outputs=3, hidden_size=cells)
    state = graph.add("Reshape", state, ints(graph, 1, cells))
    graph.rename(graph.linear(state, cells, 10), "logits")
    model = graph.model(
        [("x", TensorProto.FLOAT, [steps, 1, inputs])], [("logits", TensorProto.FLOAT, [1, 10])]
    )
    return model, [graph.random.standard_normal((steps, 1, inputs), numpy.float32)]


def trees():
    """A gradient-boosted classifier: 500 full trees of depth 6 over 32 features, one row."""
    count, depth, features = 500, 6, 32
    random = numpy.random.default_rng(SEED)
    inner, leaves = 2**depth - 1, 2**depth
    nodes = inner + leaves
    ids = numpy.tile(numpy.arange(nodes), count)
    is_inner = ids < inner
    tree = numpy.repeat(numpy.arange(count), nodes)
    total = count * nodes
    values = numpy.where(is_inner, random.standard_normal(total), 0).astype(numpy.float32)
    leaf = ~is_inner
    node = helper.make_node(
        "TreeEnsembleClassifier",
        ["x"],
        ["label", "scores"],
        domain="ai.onnx.ml",
        class_ids=[0] * int(leaf.sum()),
        class_nodeids=ids[leaf].tolist(),
        class_treeids=tree[leaf].tolist(),
        class_weights=(0.1 * random.standard_normal(int(leaf.sum()))).astype(numpy.float32),
        classlabels_int64s=[0, 1],
        nodes_falsenodeids=numpy.where(is_inner, 2 * ids + 2, 0).tolist(),
        nodes_featureids=numpy.where(is_inner, random.integers(0, features, total), 0).tolist(),
        nodes_hitrates=numpy.ones(total, numpy.float32),
        nodes_missing_value_tracks_true=[0] * total,
        nodes_modes=["BRANCH_LEQ" if inner else "LEAF" for inner in is_inner],
        nodes_nodeids=ids.tolist(),
        nodes_treeids=tree.tolist(),
        nodes_truenodeids=numpy.where(is_inner, 2 * ids + 1, 0).tolist(),
        nodes_values=values,
        post_transform="LOGISTIC",
    )
    graph = Graph()
    graph.nodes.append(node)
    model = graph.model(
        [("x", TensorProto.FLOAT, [1, features])],
        [("label", TensorProto.INT64, [1]), ("scores", TensorProto.FLOAT, [1, 2])],
        ml=3,
    )
    row = random.standard_normal((1, features)).astype(numpy.float32)
    return model, [row], lambda: evaluate_trees(node, row[0])


def evaluate_trees(node, row):
    """Label and scores of the classifier in binary64, which onnx's evaluator does not do."""
    a = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    weights = dict(
        zip(zip(a["class_treeids"], a["class_nodeids"]), map(float, a["class_weights"]))
    )
    score = 0.0
    size = a["nodes_nodeids"].index(max(a["nodes_nodeids"])) + 1
    for start in range(0, len(a["nodes_nodeids"]), size):
        at = 0
        while a["nodes_modes"][start + at] != b"LEAF":
            left = row[a["nodes_featureids"][start + at]] <= a["nodes_values"][start + at]
            at = a["nodes_truenodeids" if left else "nodes_falsenodeids"][start + at]
        score += weights[a["nodes_treeids"][start], at]
    second = 1 / (1 + numpy.exp(-score))
    return numpy.array([float(second > 0.5), 1 - second, second])


def digits():
    """The classifier of handwritten digits that the chain's demo registers."""
    model = onnx.load(os.path.join(HERE, "../examples/digits/digits.onnx"))
    info = model.graph.input[0].type.tensor_type
    shape = [dim.dim_value for dim in info.shape.dim]
    return model, [numpy.random.default_rng(SEED).uniform(0, 1, shape).astype(numpy.float32)]


def gemm(constant):
    """A product of two matrices of 1024 x 1024, the second of them a constant or an input."""

    def build():
        graph = Graph()
        size = [1024, 1024]
        inputs = [("a", TensorProto.FLOAT, size)]
        feed = [graph.random.standard_normal(size, numpy.float32)]
        if constant:
            second = graph.weight(*size)
        else:
            second = "b"
            inputs.append(("b", TensorProto.FLOAT, size))
            feed.append(graph.random.standard_normal(size, numpy.float32))
        graph.rename(graph.add("MatMul", "a", second), "product")
        return graph.model(inputs, [("product", TensorProto.FLOAT, size)]), feed

    return build


MODELS = {
    "squeezenet": light("squeezenet"),
    "shufflenet": light("shufflenet"),
    "resnet50": light("resnet50"),
    "densenet121": light("densenet121"),
    "inception_v1": light("inception_v1"),
    "inception_v2": light("inception_v2"),
    "vgg19": light("vgg19"),
    "encoder_22m": encoder,
    "gpt2_small_step": gpt2,
    "lstm": lstm,
    "digits": digits,
    "trees_500": trees,
    "gemm_1024": gemm(constant=True),
    "gemm_1024_inputs": gemm(constant=False),
}


def repeat_blocks(model):
    """Makes each large weight repeat a block of itself. Returns the file that says so by Tile, and
    the one with the same weights written out."""
    compact, full = onnx.ModelProto(), onnx.ModelProto()
    compact.CopyFrom(model)
    full.CopyFrom(model)
    tiles = []
    for small, large in zip(compact.graph.initializer, full.graph.initializer):
        value = numpy_helper.to_array(large)
        if value.size <= LARGE:
            continue
        # The largest number of equal blocks of at least 64 columns, or rows where there are few.
        axis = value.ndim - 1 if value.ndim == 2 else 0
        length = value.shape[axis]
        count = max(n for n in range(1, 65) if length % n == 0)
        if count == 1:
            continue
        block = numpy.take(value, range(length // count), axis)
        repeats = [1] * value.ndim
        repeats[axis] = count
        name = small.name
        large.CopyFrom(numpy_helper.from_array(numpy.tile(block, repeats), name))
        small.CopyFrom(numpy_helper.from_array(block, f"{name}_block"))
        counts = numpy_helper.from_array(numpy.array(repeats, numpy.int64), f"{name}_repeats")
        tiles.append((counts, helper.make_node("Tile", [small.name, counts.name], [name])))
    nodes = [node for _, node in tiles] + list(compact.graph.node)
    compact.graph.initializer.extend(counts for counts, _ in tiles)
    del compact.graph.node[:]
    compact.graph.node.extend(nodes)
    return compact, full


def in_double(model):
    """The same network, its weights exactly the same numbers, with all arithmetic in binary64."""
    double = onnx.ModelProto()
    double.CopyFrom(model)

    def cast(tensor):
        if tensor.data_type == TensorProto.FLOAT:
            value = numpy_helper.to_array(tensor).astype(numpy.float64)
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))

    for tensor in double.graph.initializer:
        cast(tensor)
    for node in double.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                cast(attribute.t)
            if node.op_type == "Cast" and attribute.name == "to":
                if attribute.i == TensorProto.FLOAT:
                    attribute.i = TensorProto.DOUBLE
    for info in [*double.graph.input, *double.graph.output]:
        if info.type.tensor_type.elem_type == TensorProto.FLOAT:
            info.type.tensor_type.elem_type = TensorProto.DOUBLE
    del double.graph.value_info[:]
    return double


class LRN(OpRun):
    """As the operator is defined; onnx's evaluator sums for the first channels alone."""

    op_domain = ""

    def _run(self, x, alpha=None, beta=None, bias=None, size=None):
        squares = x**2
        sums = numpy.zeros_like(x)
        channels = x.shape[1]
        for c in range(channels):
            begin = max(0, c - (size - 1) // 2)
            end = min(channels, c + size // 2 + 1)
            sums[:, c] = squares[:, begin:end].sum(axis=1)
        return (x / (bias + alpha / size * sums) ** beta,)


class BatchNormalization(OpRun):
    """The form of inference; onnx's evaluator takes older opsets to mean that of training."""

    op_domain = ""

    def _run(self, x, scale, bias, mean, variance, epsilon=None, **_):
        broadcast = lambda v: v.reshape([-1] + [1] * (x.ndim - 2))
        factor = scale / numpy.sqrt(variance + epsilon)
        return ((x - broadcast(mean)) * broadcast(factor) + broadcast(bias),)


def reference(model, feed):
    """The outputs in binary64, or the reason why there are none."""
    names = [info.name for info in model.graph.input]
    try:
        evaluator = ReferenceEvaluator(in_double(model), new_ops=[LRN, BatchNormalization])
        values = [v.astype(numpy.float64) if v.dtype == numpy.float32 else v for v in feed]
        outputs = evaluator.run(None, dict(zip(names, values)))
    except Exception as error:  # whatever an operator of the evaluator raises
        return None, f"{type(error).__name__}: {error}"
    single = [output.dtype for output in outputs if output.dtype == numpy.float32]
    if single:
        return None, "an output is not in binary64"
    return numpy.concatenate([output.astype(numpy.float64).ravel() for output in outputs]), ""


def write(folder, name):
    model, feed, *own_reference = MODELS[name]()
    case = os.path.join(folder, name)
    shutil.rmtree(case, ignore_errors=True)
    os.makedirs(case)
    if model.ByteSize() > FILE_LIMIT:
        model, full = repeat_blocks(model)
        onnx.save(full, os.path.join(case, "full.onnx"))
    else:
        full = model
    onnx.save(model, os.path.join(case, "model.onnx"))
    for index, value in enumerate(feed):
        with open(os.path.join(case, f"input_{index}.pb"), "wb") as file:
            file.write(numpy_helper.from_array(value).SerializeToString())
    if own_reference:
        elements, reason = own_reference[0](), ""
    else:
        elements, reason = reference(full, feed)
    if elements is not None:
        elements.tofile(os.path.join(case, "reference.f64"))
    size = os.path.getsize(os.path.join(case, "model.onnx")) / 1e6
    parameters = sum(numpy.prod(tensor.dims) for tensor in full.graph.initializer) / 1e6
    print(f"{name}: {size:.1f} MB, {parameters:.1f} M parameters {reason}", flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[2:] or MODELS:
        write(sys.argv[1], name)


if __name__ == "__main__":
    main()
