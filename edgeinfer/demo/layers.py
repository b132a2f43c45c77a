# SPDX-License-Identifier: Apache-2.0
"""Layers with their gradients in numpy, and Adam: enough to train a small network.

Activations are float32 [samples, height, width, channels]. `forward` keeps what `backward` needs;
`backward` takes the loss's gradient by the output, fills `grads`, and returns that by the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class Layer:
    """A step of the network; `params` are changed in place by the optimizer."""

    def __init__(self, *params: Array) -> None:
        self.params = params
        self.grads = tuple(np.zeros_like(p) for p in params)

    def forward(self, x: Array) -> Array:
        """The output for a batch."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Array:
        """The gradient by the input from that by the output."""
        raise NotImplementedError


def _product(a: Array, b: Array) -> Array:
    """a · b without BLAS, whose rounding changes with the number of its threads."""
    y: Array = np.einsum("ij,jk->ik", a, b)
    return y


class _Windowed(Layer):
    """A k×k window with SAME padding as TFLite places it: the odd zero comes last."""

    def __init__(self, kernel: int, stride: int, *params: Array) -> None:
        super().__init__(*params)
        self.kernel, self.stride = kernel, stride

    def _columns(self, x: Array) -> Array:
        """[n, out_h, out_w, kernel · kernel, channels]: what each output sees."""
        _, height, width, _ = x.shape
        out_h, out_w = -(-height // self.stride), -(-width // self.stride)
        pads = [
            max((out - 1) * self.stride + self.kernel - size, 0)
            for out, size in ((out_h, height), (out_w, width))
        ]
        self._pads = [(0, 0), *((pad // 2, pad - pad // 2) for pad in pads), (0, 0)]
        padded = np.pad(x, self._pads)
        self._padded_shape, self._out = padded.shape, (out_h, out_w)
        return np.stack([padded[window] for window in self._windows()], axis=3)

    def _windows(self) -> list[tuple[slice, slice, slice]]:
        def along(start: int, count: int) -> slice:
            return slice(start, start + (count - 1) * self.stride + 1, self.stride)

        return [
            (slice(None), along(i, self._out[0]), along(j, self._out[1]))
            for i in range(self.kernel)
            for j in range(self.kernel)
        ]

    def _scatter(self, columns: Array) -> Array:
        """The transpose of `_columns`: sums every window back to its place."""
        padded = np.zeros(self._padded_shape, np.float32)
        for position, window in enumerate(self._windows()):
            padded[window] += columns[:, :, :, position]
        _, (top, bottom), (left, right), _ = self._pads
        _, height, width, _ = padded.shape
        return padded[:, top : height - bottom, left : width - right]


class Conv(_Windowed):
    """Convolution, SAME; weights [kernel · kernel · in, out]."""

    def __init__(
        self, random: np.random.RandomState, kernel: int, inputs: int, outputs: int
    ) -> None:
        fan_in = kernel * kernel * inputs
        weights = random.normal(0, np.sqrt(2 / fan_in), (fan_in, outputs)).astype(np.float32)
        super().__init__(kernel, 1, weights, np.zeros(outputs, np.float32))

    def forward(self, x: Array) -> Array:
        columns = self._columns(x)
        self._shape = columns.shape
        self._flat = columns.reshape(-1, self.params[0].shape[0])
        y: Array = _product(self._flat, self.params[0]) + self.params[1]
        return y.reshape(*columns.shape[:3], -1)

    def backward(self, dy: Array) -> Array:
        flat = dy.reshape(-1, dy.shape[-1])
        self.grads = (_product(self._flat.T, flat), flat.sum(0))
        return self._scatter(_product(flat, self.params[0].T).reshape(self._shape))


class Depthwise(_Windowed):
    """Depthwise convolution, SAME; weights [kernel · kernel, channels]."""

    def __init__(
        self, random: np.random.RandomState, kernel: int, channels: int, stride: int
    ) -> None:
        taps = kernel * kernel
        weights = random.normal(0, np.sqrt(2 / taps), (taps, channels)).astype(np.float32)
        super().__init__(kernel, stride, weights, np.zeros(channels, np.float32))

    def forward(self, x: Array) -> Array:
        self._seen = self._columns(x)
        y: Array = (self._seen * self.params[0]).sum(3) + self.params[1]
        return y

    def backward(self, dy: Array) -> Array:
        spread = dy[:, :, :, None]
        self.grads = ((self._seen * spread).sum((0, 1, 2)), dy.sum((0, 1, 2)))
        return self._scatter(spread * self.params[0])


class Relu(Layer):
    """max(x, 0)."""

    def forward(self, x: Array) -> Array:
        self._positive = x > 0
        return x * self._positive

    def backward(self, dy: Array) -> Array:
        return dy * self._positive


class MaxPool(Layer):
    """The greatest of each 2×2 square; both sizes are even."""

    def forward(self, x: Array) -> Array:
        n, height, width, channels = x.shape
        squares = x.reshape(n, height // 2, 2, width // 2, 2, channels)
        y: Array = squares.max((2, 4))
        first = squares == y[:, :, None, :, None]
        self._share = first / first.sum((2, 4), keepdims=True, dtype=np.float32)
        self._shape = x.shape
        return y

    def backward(self, dy: Array) -> Array:
        spread: Array = self._share * dy[:, :, None, :, None]
        return spread.reshape(self._shape)


class Dense(Layer):
    """Fully connected, of the flattened input; weights [in, out]."""

    def __init__(self, random: np.random.RandomState, inputs: int, outputs: int) -> None:
        weights = random.normal(0, np.sqrt(1 / inputs), (inputs, outputs)).astype(np.float32)
        super().__init__(weights, np.zeros(outputs, np.float32))

    def forward(self, x: Array) -> Array:
        self._shape = x.shape
        self._flat = x.reshape(len(x), -1)
        y: Array = _product(self._flat, self.params[0]) + self.params[1]
        return y

    def backward(self, dy: Array) -> Array:
        self.grads = (_product(self._flat.T, dy), dy.sum(0))
        return _product(dy, self.params[0].T).reshape(self._shape)


class Adam:
    """Adam (Kingma and Ba, 2015) with decoupled weight decay on matrices."""

    def __init__(self, layers: Sequence[Layer], decay: float = 0.0) -> None:
        self._layers, self._decay, self._step = layers, decay, 0
        self._moments = [[(np.zeros_like(p), np.zeros_like(p)) for p in ly.params] for ly in layers]

    def update(self, rate: float) -> None:
        """One step along the layers' gradients."""
        self._step += 1
        scale = rate * np.sqrt(1 - 0.999**self._step) / (1 - 0.9**self._step)
        for layer, moments in zip(self._layers, self._moments, strict=True):
            for p, g, (m, v) in zip(layer.params, layer.grads, moments, strict=True):
                m += np.float32(0.1) * (g - m)
                v += np.float32(0.001) * (g * g - v)
                if p.ndim > 1:
                    p *= np.float32(1 - rate * self._decay)
                p -= np.float32(scale) * m / (np.sqrt(v) + np.float32(1e-7))
