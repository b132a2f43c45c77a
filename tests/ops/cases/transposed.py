# SPDX-License-Identifier: Apache-2.0
"""TRANSPOSE_CONV of int8 and of int16."""

from __future__ import annotations

from dataclasses import replace

from edgeinfer.graph import Graph, Quant
from tests.ops.cases.common import (
    Rng,
    activation,
    case,
    channel_quant,
    constant,
    filters,
    ints,
    model,
    output_scale,
    quant,
    symmetric,
    weights,
)
from tests.ops.cases.wide import result, wide, wide_bias


def transpose_conv(rng: Rng, is_wide: bool) -> Graph:
    kernel = (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    same = bool(rng.random() < 0.5)
    hw = (int(rng.integers(1, 7)), int(rng.integers(1, 7)))
    in_c, out_c = int(rng.integers(1, 20)), int(rng.integers(1, 10))
    size = [hw[d] * stride[d] if same else (hw[d] - 1) * stride[d] + kernel[d] for d in range(2)]
    if rng.random() < 0.3:  # any size is as good to TFLite; pixels may see nothing, or be cut off
        size = [max(1, n + int(rng.integers(-3, 4))) for n in size]
    batch = int(rng.choice([1, 1, 2]))
    taps = kernel[0] * kernel[1] * in_c // (stride[0] * stride[1])
    shape = (out_c, *kernel, in_c)
    if is_wide:
        x, q = symmetric(rng), channel_quant(rng, out_c, 0)
        w, b = constant("w", weights(rng, shape), q), wide_bias(rng, out_c, x, q)
    else:
        x = quant(rng)
        w, b = filters(rng, shape, x, 0)
    assert w.quant is not None
    y = (result if is_wide else output_scale)(rng, x, w.quant, taps)
    if rng.random() < 0.2:
        w = replace(w, quant=Quant.per_tensor(float(w.quant.scale.mean()), 0))
    make = wide if is_wide else activation
    inputs = [make("x", (batch, *hw, in_c), x), w, b, ints("shape", [batch, *size, out_c])]
    o = {
        "padding": 0 if same else 1,
        "stride_h": stride[0],
        "stride_w": stride[1],
        "fused_activation_function": int(rng.choice([0, 0, 1, 2, 3])),
    }
    out = make("y", (batch, *size, out_c), y)
    graph = model("TRANSPOSE_CONV", inputs, out, o, "TransposeConvOptions", 3)
    return without_bias(graph) if rng.random() < 0.3 else graph


def without_bias(graph: Graph) -> Graph:
    (node,) = graph.nodes
    inputs = (*node.inputs[:2], -1, node.inputs[3])
    return replace(graph, nodes=(replace(node, inputs=inputs),))


@case("TRANSPOSE_CONV")
def int8(rng: Rng) -> Graph:
    return transpose_conv(rng, False)


@case("TRANSPOSE_CONV/int16")
def int16(rng: Rng) -> Graph:
    return transpose_conv(rng, True)
