"""A small convolutional network in plain numpy: forward, backward, Adam.

Activations are NCHW, weights OIHW, as ONNX has them, so that the export copies arrays as they are.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


class Conv:
    """Cross-correlation with stride 1 and zero padding that keeps height and width."""

    def __init__(self, rng, channels_in, channels_out, kernel):
        fan_in = channels_in * kernel * kernel
        shape = (channels_out, channels_in, kernel, kernel)
        self.weight = he_normal(rng, fan_in, shape)
        self.bias = np.zeros(channels_out, np.float32)
        self.pad = kernel // 2

    def forward(self, x):
        self.columns = patches(x, self.weight.shape[2], self.pad)
        n, height, width, _ = self.columns.shape
        flat = self.columns.reshape(n * height * width, -1)
        y = flat @ self.weight.reshape(len(self.weight), -1).T + self.bias
        return y.reshape(n, height, width, -1).transpose(0, 3, 1, 2)

    def backward(self, dy):
        flat_dy = dy.transpose(0, 2, 3, 1).reshape(-1, dy.shape[1])
        flat_columns = self.columns.reshape(len(flat_dy), -1)
        dweight = (flat_dy.T @ flat_columns).reshape(self.weight.shape)
        # The input's gradient is the correlation of dy with the kernel turned by 180 degrees.
        turned = self.weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        columns = patches(dy, turned.shape[2], self.pad)
        n, height, width, length = columns.shape
        dx = columns.reshape(-1, length) @ turned.reshape(len(turned), -1).T
        dx = dx.reshape(n, height, width, -1).transpose(0, 3, 1, 2)
        return dx, [dweight, flat_dy.sum(axis=0)]

    def parameters(self):
        return [self.weight, self.bias]


class Relu:
    """max(x, 0)."""

    def forward(self, x):
        self.positive = x > 0
        return x * self.positive

    def backward(self, dy):
        return dy * self.positive, []

    def parameters(self):
        return []


class MaxPool:
    """The maximum over windows of 2 x 2 that do not overlap."""

    def forward(self, x):
        n, c, height, width = x.shape
        windows = x.reshape(n, c, height // 2, 2, width // 2, 2)
        windows = windows.transpose(0, 1, 2, 4, 3, 5).reshape(n, c, height // 2, width // 2, 4)
        self.winner = windows.argmax(axis=-1)[..., None]
        return np.take_along_axis(windows, self.winner, axis=-1)[..., 0]

    def backward(self, dy):
        n, c, height, width = dy.shape
        dx = np.zeros((n, c, height, width, 4), dy.dtype)
        np.put_along_axis(dx, self.winner, dy[..., None], axis=-1)
        dx = dx.reshape(n, c, height, width, 2, 2).transpose(0, 1, 2, 4, 3, 5)
        return dx.reshape(n, c, height * 2, width * 2), []

    def parameters(self):
        return []


class Flatten:
    """All axes but the first become one."""

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy):
        return dy.reshape(self.shape), []

    def parameters(self):
        return []


class Dense:
    """x W^T + b."""

    def __init__(self, rng, features_in, features_out):
        self.weight = he_normal(rng, features_in, (features_out, features_in))
        self.bias = np.zeros(features_out, np.float32)

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, dy):
        return dy @ self.weight, [dy.T @ self.x, dy.sum(axis=0)]

    def parameters(self):
        return [self.weight, self.bias]


class Adam:
    """Adam with decoupled weight decay on matrices and kernels, not on biases."""

    def __init__(self, parameters, decay):
        self.parameters = parameters
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.decay = decay
        self.steps = 0

    def step(self, gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.steps += 1
        correction1 = 1 - beta1**self.steps
        correction2 = 1 - beta2**self.steps
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second):
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            if p.ndim > 1:
                p *= 1 - rate * self.decay
            p -= rate * (m / correction1) / (np.sqrt(v / correction2) + epsilon)


def he_normal(rng, fan_in, shape):
    """Weights for layers that a rectifier follows (He et al., 2015)."""
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)


def patches(x, kernel, pad):
    """The kernel x kernel neighbourhood of each pixel: [n, h, w, channels * kernel * kernel]."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(padded, (kernel, kernel), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
    n, height, width = windows.shape[:3]
    return windows.reshape(n, height, width, -1)


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def forward(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def backward(layers, dy):
    """Gradients of all parameters, in the order of the layers."""
    gradients = []
    for layer in reversed(layers):
        dy, layer_gradients = layer.backward(dy)
        gradients = layer_gradients + gradients
    return gradients
