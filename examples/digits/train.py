#!/usr/bin/env python3
"""Trains the digits classifier and writes digits.onnx, heldout.npz and labels.txt beside itself.

    pip install -r requirements.txt
    python train.py
"""

import os

# One thread: the order of BLAS's sums, and so the weights, must not depend on the core count.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from network import Adam, Conv, Dense, Flatten, MaxPool, Relu, backward, forward, softmax

SEED = 20
EPOCHS = 60
BATCH = 32
RATE = 2e-3
DECAY = 1e-2
# The lowest accuracy on held-out digits with which the files are written.
REQUIRED = 0.97
# Pixels of the data set are whole numbers from 0 to 16.
SCALE = 1 / 16

HERE = Path(__file__).resolve().parent


def load():
    """Training and held-out images [n, 1, 8, 8] with pixels of 0..16, and their labels."""
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    return train_test_split(images, labels, test_size=0.2, random_state=SEED, stratify=labels)


def shifted(rng, images):
    """Moves each picture by up to one pixel each way: a stroke's place says nothing."""
    moved = np.zeros_like(images)
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for i, (dy, dx) in enumerate(rng.integers(0, 3, (len(images), 2))):
        moved[i] = padded[i, :, dy : dy + 8, dx : dx + 8]
    return moved


def train(images, labels):
    rng = np.random.default_rng(SEED)
    layers = [
        Conv(rng, 1, 16, 3),
        Relu(),
        MaxPool(),
        Conv(rng, 16, 32, 3),
        Relu(),
        Flatten(),
        Dense(rng, 32 * 4 * 4, 10),
    ]
    optimizer = Adam([p for layer in layers for p in layer.parameters()], DECAY)
    targets = np.eye(10, dtype=np.float32)[labels]
    batches = len(images) // BATCH
    for epoch in range(EPOCHS):
        order = rng.permutation(len(images))
        loss = 0.0
        # The rate falls to zero along half a cosine.
        rate = RATE * (1 + np.cos(np.pi * epoch / EPOCHS)) / 2
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            x = shifted(rng, images[chosen]) * np.float32(SCALE)
            probabilities = softmax(forward(layers, x))
            loss -= np.log((probabilities * targets[chosen]).sum(axis=1) + 1e-12).mean()
            # The gradient of cross-entropy after softmax.
            gradient = (probabilities - targets[chosen]) / np.float32(BATCH)
            optimizer.step(backward(layers, gradient), np.float32(rate))
        print(f"epoch {epoch + 1:2}/{EPOCHS}  training loss {loss / batches:.4f}")
    return layers


def export(layers):
    """The network as ONNX: pixels of 0..16 in, probabilities of the ten digits out."""
    first, _, _, second, _, _, dense = layers
    constants = {
        "scale": np.array(SCALE, np.float32),
        "conv1.weight": first.weight,
        "conv1.bias": first.bias,
        "conv2.weight": second.weight,
        "conv2.bias": second.bias,
        "dense.weight": dense.weight,
        "dense.bias": dense.bias,
    }
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    halve = {"kernel_shape": [2, 2], "strides": [2, 2]}

    def node(op, inputs, output, **attributes):
        return helper.make_node(op, inputs, [output], name=output, **attributes)

    nodes = [
        node("Mul", ["image", "scale"], "scaled"),
        node("Conv", ["scaled", "conv1.weight", "conv1.bias"], "conv1", **same),
        node("Relu", ["conv1"], "relu1"),
        node("MaxPool", ["relu1"], "pool1", **halve),
        node("Conv", ["pool1", "conv2.weight", "conv2.bias"], "conv2", **same),
        node("Relu", ["conv2"], "relu2"),
        node("Flatten", ["relu2"], "features", axis=1),
        node("Gemm", ["features", "dense.weight", "dense.bias"], "logits", transB=1),
        node("Softmax", ["logits"], "probabilities", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
        doc_string="Handwritten digits: an 8 x 8 image with pixels of 0..16 to ten probabilities.",
    )
    model = helper.make_model(
        graph,
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="noema-digits",
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def accuracy(file, images, labels):
    """The share of digits that the ONNX file, run by ONNX Runtime, gets right."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    answers = [session.run(None, {"image": image[None]})[0].argmax() for image in images]
    return float(np.mean(np.array(answers) == labels))


def main():
    train_images, heldout_images, train_labels, heldout_labels = load()
    file = export(train(train_images, train_labels))
    result = accuracy(file, heldout_images, heldout_labels)
    wrong = round((1 - result) * len(heldout_labels))
    print(f"accuracy on {len(heldout_labels)} held-out digits: {result:.4f} ({wrong} wrong)")
    if result < REQUIRED:
        raise SystemExit(f"below {REQUIRED}: nothing written")
    (HERE / "digits.onnx").write_bytes(file)
    np.savez(HERE / "heldout.npz", images=heldout_images, labels=heldout_labels)
    (HERE / "labels.txt").write_text("".join(f"{digit}\n" for digit in range(10)))
    print(f"wrote digits.onnx ({len(file)} bytes), heldout.npz, labels.txt")


if __name__ == "__main__":
    main()
