# SPDX-License-Identifier: Apache-2.0
"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from edgeinfer.graph import Graph
from tests.ops.cases.common import (
    Rng,
    activation,
    case,
    filters,
    model,
    out_sizes,
    output_scale,
    quant,
    sizes,
    window_options,
)


@case("CONV_2D")
def conv_2d(rng: Rng) -> Graph:
    return conv_of(rng, int(rng.integers(1, 10)), int(rng.integers(1, 10)))


@case("CONV_2D/wide")
def conv_2d_wide(rng: Rng) -> Graph:
    """Whole vectors of channels, and some more."""
    return conv_of(rng, int(rng.choice([8, 16, 19, 32])), int(rng.integers(10, 36)))


def conv_of(rng: Rng, in_c: int, out_c: int) -> Graph:
    kernel = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    o = window_options(rng, dilation=True)
    hw = sizes(rng, kernel, o)
    x = quant(rng)
    w, b = filters(rng, (out_c, *kernel, in_c), x, 0)
    assert w.quant is not None
    y = output_scale(rng, x, w.quant, kernel[0] * kernel[1] * in_c)
    batch = int(rng.choice([1, 1, 2]))
    inputs = [activation("x", (batch, *hw, in_c), x), w, b]
    out = activation("y", (batch, *out_sizes(hw, kernel, o), out_c), y)
    return model("CONV_2D", inputs, out, o, "Conv2DOptions", 3)


@case("DEPTHWISE_CONV_2D")
def depthwise(rng: Rng) -> Graph:
    return depthwise_of(rng, (int(rng.integers(1, 5)), int(rng.integers(1, 5))))


@case("DEPTHWISE_CONV_2D/3x3")
def depthwise_3x3(rng: Rng) -> Graph:
    """Any number of channels from four on; maps as wide as several tiles."""
    return depthwise_of(rng, (3, 3), int(rng.integers(4, 14)), int(rng.choice([0, 0, 30])))


def depthwise_of(rng: Rng, kernel: tuple[int, int], fours: int = 0, wider: int = 0) -> Graph:
    o = window_options(rng, dilation=True)
    if o["stride_h"] != o["stride_w"]:
        o["stride_w"] = o["stride_h"]
    height, width = sizes(rng, kernel, o)
    hw = (height, width + wider)
    in_c, multiplier = int(rng.integers(1, 14)), int(rng.choice([1, 1, 1, 2, 3, 4, 8]))
    if fours:
        in_c, multiplier = fours, 1
    out_c = in_c * multiplier
    x = quant(rng)
    w, b = filters(rng, (1, *kernel, out_c), x, 3)
    assert w.quant is not None
    y = output_scale(rng, x, w.quant, kernel[0] * kernel[1])
    inputs = [activation("x", (1, *hw, in_c), x), w, b]
    out = activation("y", (1, *out_sizes(hw, kernel, o), out_c), y)
    o["depth_multiplier"] = multiplier
    return model("DEPTHWISE_CONV_2D", inputs, out, o, "DepthwiseConv2DOptions", 3)
