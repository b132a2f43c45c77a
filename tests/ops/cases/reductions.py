# SPDX-License-Identifier: Apache-2.0
"""Reductions."""

from __future__ import annotations

from dataclasses import replace
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
    symmetric,
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


@case("MEAN/int16")
def mean_int16(rng: Rng) -> Graph:
    return wide(rng, "MEAN")


@case("SUM/int16", oracle=False)
def sum_int16(rng: Rng) -> Graph:
    return wide(rng, "SUM")


def wide(rng: Rng, op: str) -> Graph:
    """As `reduction`, of int16."""
    x = symmetric(rng)
    y = x if rng.random() < 0.3 else Quant.per_tensor(float(x.scale[0]) * rng.uniform(0.3, 3), 0)
    return with_scales(reduction(rng, op, np.int16), x, y)


def with_scales(graph: Graph, x: Quant, y: Quant) -> Graph:
    tensors = (replace(t, quant={"x": x, "y": y}.get(t.name, t.quant)) for t in graph.tensors)
    return replace(graph, tensors=tuple(tensors))


CASES["REDUCE_PROD"] = lambda rng: reduction(
    rng, "REDUCE_PROD", pick(rng, (np.int32, np.int64, np.float32))
)


@case("REDUCE_PROD/quantized")
def reduce_prod(rng: Rng) -> Graph:
    """Of scales near 1/32 or 1/4096, so that products neither vanish nor saturate at once."""
    dtype = pick(rng, (np.int8, np.int16))
    small = 2.0**-5 if dtype == np.int8 else 2.0**-13
    zeros = rng.integers(-128, 128, 2) if dtype == np.int8 else (0, 0)
    x, y = (Quant.per_tensor(small * rng.uniform(0.3, 2), int(zero)) for zero in zeros)
    return with_scales(reduction(rng, "REDUCE_PROD", dtype), x, y)


def cumsum(rng: Rng, dtype: Any) -> Graph:
    shape = shape_of(rng)
    axis = int(rng.integers(-len(shape), len(shape)))
    inputs = [plain("x", shape, dtype, quant(rng)), ints("axis", [axis])]
    options = {"exclusive": bool(rng.integers(0, 2)), "reverse": bool(rng.integers(0, 2))}
    return model(
        "CUMSUM", inputs, plain("y", shape, dtype, quant(rng)), options, "CumsumOptions", 1
    )


CASES["CUMSUM"] = lambda rng: cumsum(rng, pick(rng, (np.int32, np.int64, np.float32)))
case("CUMSUM/int8", oracle=False)(lambda rng: cumsum(rng, np.int8))
