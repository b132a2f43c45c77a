# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED."""

from __future__ import annotations

from dataclasses import replace

from edgeinfer.graph import Graph, Quant
from tests.ops.cases.common import (
    Rng,
    activation,
    bias,
    case,
    channel_quant,
    constant,
    model,
    output_scale,
    quant,
    scale,
    weights,
)


@case("FULLY_CONNECTED")
def fully_connected(rng: Rng) -> Graph:
    batch, in_c, out_c = int(rng.integers(1, 4)), int(rng.integers(1, 40)), int(rng.integers(1, 14))
    x = quant(rng)
    w = channel_quant(rng, out_c, 0) if rng.random() < 0.5 else Quant.per_tensor(scale(rng), 0)
    o = {"fused_activation_function": int(rng.choice([0, 1, 2, 3]))}
    inputs = [activation("x", (batch, in_c), x), constant("w", weights(rng, (out_c, in_c)), w)]
    if rng.random() < 0.8:
        inputs.append(bias(rng, out_c, x, w))
    out = activation("y", (batch, out_c), output_scale(rng, x, w, in_c))
    return model("FULLY_CONNECTED", inputs, out, o, "FullyConnectedOptions", 4)


@case("FULLY_CONNECTED/int4")
def int4(rng: Rng) -> Graph:
    """Weights that 4 bits hold."""
    graph = fully_connected(rng)
    data = graph.tensors[1].data
    assert data is not None
    return graph.with_tensor(1, data=data >> 4)


@case("FULLY_CONNECTED/rows")
def rows(rng: Rng) -> Graph:
    """More dimensions than two, which stay."""
    graph = fully_connected(rng)
    x, *_, y = (t.shape for t in graph.tensors)
    apart = (1, 2, x[0])
    shapes = {0: (*apart, x[1]), len(graph.tensors) - 1: (*apart, y[1])}
    tensors = tuple(replace(t, shape=shapes.get(i, t.shape)) for i, t in enumerate(graph.tensors))
    (node,) = graph.nodes
    node = replace(node, options={**node.options, "keep_num_dims": True})
    return replace(graph, tensors=tensors, nodes=(node,))
