# SPDX-License-Identifier: Apache-2.0
"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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


@case("CONV_2D/int4")
def conv_2d_int4(rng: Rng) -> Graph:
    """A pointwise layer whose weights have 4 bits."""
    batch, height, width, in_c, out_c = (int(n) for n in rng.integers(1, (3, 6, 6, 40, 14)))
    x = quant(rng)
    w, b = filters(rng, (out_c, 1, 1, in_c), x, 0)
    assert w.quant is not None
    assert w.data is not None
    w = replace(w, data=w.data >> 4, packed=True)
    o = {"padding": 0, "stride_h": 1, "stride_w": 1}
    o["fused_activation_function"] = int(rng.choice([0, 1, 2, 3]))
    inputs = [activation("x", (batch, height, width, in_c), x), w, b]
    y = output_scale(rng, x, w.quant, in_c)
    out = activation("y", (batch, height, width, out_c), y)
    return model("CONV_2D", inputs, out, o, "Conv2DOptions", 3)


@case("DEPTHWISE_CONV_2D")
def depthwise(rng: Rng) -> Graph:
    return depthwise_of(rng, (int(rng.integers(1, 5)), int(rng.integers(1, 5))))


@case("DEPTHWISE_CONV_2D/3x3")
def depthwise_3x3(rng: Rng) -> Graph:
    """Any number of channels from four on; maps as wide as several tiles."""
    return depthwise_of(rng, (3, 3), int(rng.integers(4, 14)), int(rng.choice([0, 0, 30])))


@case("DEPTHWISE_CONV_2D/line")
def depthwise_line(rng: Rng) -> Graph:
    """Along either axis, as long as several tiles, with more taps than the short way takes."""
    o = window_options(rng, dilation=rng.random() < 0.2)
    if rng.random() < 0.8:
        o["stride_h"] = o["stride_w"] = 1
    taps = int(rng.integers(1, 19))
    span = (taps - 1) * int(o.get("dilation_h_factor", 1)) + 1
    length = span + int(rng.choice([0, 3, 9, 14, 40, 75]))
    upright = rng.random() < 0.7
    kernel, hw = ((taps, 1), (length, 1)) if upright else ((1, taps), (1, length))
    return depthwise_of(rng, kernel, int(rng.integers(4, 14)), hw=hw, options=o)


def depthwise_of(
    rng: Rng,
    kernel: tuple[int, int],
    fours: int = 0,
    wider: int = 0,
    *,
    hw: tuple[int, int] | None = None,
    options: dict[str, Any] | None = None,
) -> Graph:
    o = options or window_options(rng, dilation=True)
    if o["stride_h"] != o["stride_w"]:
        o["stride_w"] = o["stride_h"]
    height, width = hw or sizes(rng, kernel, o)
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
