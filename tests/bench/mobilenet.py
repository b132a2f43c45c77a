# SPDX-License-Identifier: Apache-2.0
"""Networks of MobileNet's kind in any width and resolution, rectified, with random int8 weights."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Graph, Quant
from tests.building import CONV
from tests.optimize.networks import Net

# Stride and output channels of each separable layer (MobileNet v1, arXiv:1704.04861, table 1).
RELU = {"fused_activation_function": 1}
LAYERS = ((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), (1, 512), (2, 1024))


class _Full(Net):
    """Hardly a channel is dead: an optimizer has next to nothing to remove."""

    def weights(self, x: int, shape: tuple[int, ...], axis: int) -> tuple[int, int, Quant]:
        outputs = shape[axis]
        data = self.random.integers(-127, 128, shape).astype(np.int8)
        scales = np.full(outputs, 0.005, np.float32)
        zeros = np.zeros(outputs, np.int64)
        taps = data.size // outputs
        product = (scales * np.float32(self.tensors[x].scale)).astype(np.float32)
        bias = self.random.integers(-500, 500, outputs).astype(np.int32)
        rectified = len(shape) == 4  # half of the range is not needed
        scale = float(product[0]) * (20 if rectified else 40) * taps**0.5
        return (
            self.const(data, Quant(scales, zeros, axis)),
            self.const(bias, Quant(product, zeros, 0)),
            Quant.per_tensor(scale, -128 if rectified else -10),
        )

    def separable(self, x: int, stride: int, channels: int) -> int:
        n, h, w, c = self.tensors[x].shape
        kernel, bias, quant = self.weights(x, (1, 3, 3, c), 3)
        out = self.tensor((n, -(-h // stride), -(-w // stride), c), quant)
        options = {**CONV, **RELU, "depth_multiplier": 1, "stride_w": stride, "stride_h": stride}
        name = "DEPTHWISE_CONV_2D"
        deep = self.node(name, (x, kernel, bias), out, options, "DepthwiseConv2DOptions")
        return self.conv(deep, channels, 1, **RELU)


def mobilenet(width: float, resolution: int, classes: int = 10) -> Graph:
    """`width` multiplies the channels, in steps of 8; the input is square, with 3 channels."""
    net = _Full(1)
    x = net.conv(net.input(1, resolution, resolution, 3), _channels(32 * width), 3, 2, **RELU)
    for stride, channels in LAYERS:
        x = net.separable(x, stride, _channels(channels * width))
    side = net.tensors[x].shape[1]
    mean = net.mean(x, net.tensors[x].quant)
    assert side == -(-resolution // 32)
    return net.graph(net.dense(mean, classes))


def _channels(wanted: float) -> int:
    return max(8, round(wanted / 8) * 8)
