# SPDX-License-Identifier: Apache-2.0
"""Element-wise operators of two tensors."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Graph, Quant
from tests.ops.cases.common import (
    CASES,
    Rng,
    activation,
    case,
    constant,
    model,
    quant,
    scale,
    shape_of,
)


def binary(op: str, rng: Rng) -> Graph:
    shape = shape_of(rng)
    shapes = [shape, shape]
    form = int(rng.integers(0, 4))
    if form == 1:
        shapes[int(rng.integers(0, 2))] = (1,) * len(shape)
    elif form == 2:
        shapes[int(rng.integers(0, 2))] = tuple(n if rng.random() < 0.5 else 1 for n in shape)
    out = np.broadcast_shapes(*shapes)
    a, b = quant(rng), quant(rng)
    y = Quant.per_tensor(
        float(np.float32(scale(rng) * (float(a.scale[0]) + float(b.scale[0])) * 10)),
        int(rng.integers(-128, 128)),
    )
    tensors = [activation("a", shapes[0], a), activation("b", shapes[1], b)]
    if rng.random() < 0.3:
        data = rng.integers(-128, 128, shapes[1]).astype(np.int8)
        tensors[1] = constant("b", data, b)
    o = {"fused_activation_function": int(rng.choice([0, 1, 2, 3]))}
    return model(op, tensors, activation("y", out, y), o, f"{op.title()}Options", 2)


CASES["ADD"] = lambda rng: binary("ADD", rng)
CASES["MUL"] = lambda rng: binary("MUL", rng)


@case("ADD/scales apart")
def add_apart(rng: Rng) -> Graph:
    """One scale is nothing beside the other, or the output's is nothing beside both."""
    shape, small = (1, 3, 4, 5), 10.0 ** rng.uniform(-9, -6)
    a, b = Quant.per_tensor(small, 3), Quant.per_tensor(1.0, -7)
    y = Quant.per_tensor(float(rng.choice([2.0, 2.0, 1e-5])), 1)
    tensors = [activation("a", shape, a), activation("b", shape, b)]
    if rng.random() < 0.5:
        tensors.reverse()
    o = {"fused_activation_function": int(rng.choice([0, 1]))}
    return model("ADD", tensors, activation("y", shape, y), o, "AddOptions", 2)
