# SPDX-License-Identifier: Apache-2.0
"""Reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.graph import Graph, Quant
from tests.ops.cases.common import (
    CASES,
    Rng,
    activation,
    case,
    constant,
    ints,
    model,
    pick,
    plain,
    quant,
    shape_of,
)


@case("MEAN")
def mean(rng: Rng) -> Graph:
    shape = tuple(int(n) for n in rng.integers(1, 8, 4))
    axes = [(1, 2), (2, 1), (1,), (3,), (2,), (2, 3), (1, 2, 3)][int(rng.integers(0, 7))]
    keep = bool(rng.integers(0, 2))
    out = tuple(1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes)
    x = quant(rng)
    y = (
        x
        if rng.random() < 0.3
        else Quant.per_tensor(
            float(x.scale[0]) * rng.uniform(0.3, 1.5), int(rng.integers(-128, 128))
        )
    )
    inputs = [activation("x", shape, x), constant("axes", np.array(axes, np.int32))]
    return model("MEAN", inputs, activation("y", out, y), {"keep_dims": keep}, "ReducerOptions", 2)


def reduction(rng: Rng, op: str, dtype: Any) -> Graph:
    """Over any dimensions."""
    shape = shape_of(rng)
    axes = [d for d in range(len(shape)) if rng.random() < 0.5] or [0]
    keep = bool(rng.integers(0, 2))
    out = tuple(1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes)
    named = [d - len(shape) if rng.random() < 0.3 else d for d in axes]
    x = quant(rng)
    y = quant(rng) if op in ("SUM", "MEAN") and rng.random() < 0.5 else x
    inputs = [plain("x", shape, dtype, x), ints("axes", named)]
    options = {"keep_dims": keep}
    return model(op, inputs, plain("y", out, dtype, y), options, "ReducerOptions", 1)


NUMBERS = (np.int8, np.int8, np.int32, np.float32)
CASES["SUM"] = lambda rng: reduction(rng, "SUM", pick(rng, (np.int32, np.float32)))
case("SUM/int8", oracle=False)(lambda rng: reduction(rng, "SUM", np.int8))
for _op in ("REDUCE_MAX", "REDUCE_MIN"):
    CASES[_op] = lambda rng, op=_op: reduction(rng, op, pick(rng, NUMBERS))
CASES["MEAN/dims"] = lambda rng: reduction(rng, "MEAN", pick(rng, (np.int8, np.float32)))
for _op in ("REDUCE_ANY", "REDUCE_ALL"):
    CASES[_op] = lambda rng, op=_op: reduction(rng, op, np.bool_)
