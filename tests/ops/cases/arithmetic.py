# SPDX-License-Identifier: Apache-2.0
"""Element-wise operations of two or three tensors of all types."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.graph import Graph, Quant
from edgeinfer.tflite.options import options_type
from tests.ops.cases.common import (
    CASES,
    Rng,
    bounded,
    case,
    model,
    pick,
    plain,
    quant,
    scale,
    shape_of,
)

COMPARISONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")


def shapes(rng: Rng, rank: int = 5) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast."""
    shape = shape_of(rng, (1, rank), 5)
    pair = [shape, shape]
    form, which = int(rng.integers(0, 4)), int(rng.integers(0, 2))
    if form == 1:
        pair[which] = (1,) * len(shape)
    elif form >= 2:
        pair[which] = tuple(n if rng.random() < 0.5 else 1 for n in shape)
        pair[which] = pair[which][int(rng.integers(0, len(shape))) :] if form == 3 else pair[which]
    return pair[0], pair[1]


def pair(rng: Rng, op: str, dtype: Any, out: Any = None, *, rank: int = 5, bound: int = 0) -> Graph:
    a, b = shapes(rng, rank)
    q = quant(rng) if op in ("MAXIMUM", "MINIMUM") else None
    qs = [q or quant(rng), q or quant(rng)]
    y = q or Quant.per_tensor(
        float(np.float32(scale(rng) * float(qs[0].scale[0] + qs[1].scale[0]) * 10)),
        int(rng.integers(-128, 128)),
    )
    if bound:
        inputs = [bounded(1, bound, a, dtype), bounded(1, bound, b, dtype)]
    else:
        inputs = [plain("a", a, dtype, qs[0]), plain("b", b, dtype, qs[1])]
    output = plain("y", np.broadcast_shapes(a, b), out or dtype, y)
    fused = op in ("ADD", "SUB", "MUL", "DIV")
    options = {"fused_activation_function": int(rng.choice([0, 1, 2, 3]))} if fused else {}
    return model(op, inputs, output, options, options_type(op), 1)


# The rank is below 7, or as much as the oracle's kernel takes.
for _op, _types, _rank in (
    ("ADD", (np.int32, np.int64, np.float32), 7),
    ("MUL", (np.int32, np.int64, np.float32), 5),
    ("SUB", (np.int8, np.int32, np.int64, np.float32), 6),
    ("MAXIMUM", (np.int8, np.int32, np.int64, np.float32), 5),
    ("MINIMUM", (np.int8, np.int32, np.int64, np.float32), 5),
    ("SQUARED_DIFFERENCE", (np.int8, np.int32, np.float32), 5),
    ("LOGICAL_AND", (np.bool_,), 5),
    ("LOGICAL_OR", (np.bool_,), 5),
):
    _name = f"{_op}/types" if _op in ("ADD", "MUL") else _op
    CASES[_name] = lambda rng, op=_op, types=_types, rank=_rank: pair(
        rng, op, pick(rng, types), rank=rank
    )
CASES["ADD/dims"] = lambda rng: pair(rng, "ADD", np.int8, rank=7)
for _op in COMPARISONS:
    CASES[_op] = lambda rng, op=_op: pair(
        rng, op, pick(rng, (np.int8, np.int32, np.int64, np.float32)), np.bool_
    )
for _op in ("FLOOR_DIV", "FLOOR_MOD", "DIV"):
    # TFLite refuses to divide integers by zero.
    CASES[f"{_op}/int"] = lambda rng, op=_op: pair(rng, op, np.int32, bound=1000)
    CASES[f"{_op}/float"] = lambda rng, op=_op: pair(rng, op, np.float32)


@case("PRELU")
def prelu(rng: Rng) -> Graph:
    dtype = pick(rng, (np.int8, np.int8, np.float32))
    shape = shape_of(rng, (2, 5))
    alpha = (
        shape if rng.random() < 0.2 else tuple(n if rng.random() < 0.6 else 1 for n in shape[1:])
    )
    qs = [quant(rng), quant(rng), quant(rng)]
    inputs = [plain("x", shape, dtype, qs[0]), plain("alpha", alpha, dtype, qs[1])]
    return model("PRELU", inputs, plain("y", shape, dtype, qs[2]), {}, "", 1)


@case("LOGICAL_NOT")
def logical_not(rng: Rng) -> Graph:
    shape = shape_of(rng)
    inputs = [plain("x", shape, np.bool_)]
    return model("LOGICAL_NOT", inputs, plain("y", shape, np.bool_), {}, "LogicalNotOptions", 1)


@case("CAST")
def cast(rng: Rng) -> Graph:
    """Floats within all integer types: C defines no other conversion."""
    types = (np.int8, np.uint8, np.int16, np.int32, np.int64, np.bool_, np.float32)
    source, target = (types[int(i)] for i in rng.integers(0, len(types), 2))
    shape = shape_of(rng)
    x = bounded(0, 120, shape, source) if source == np.float32 else plain("x", shape, source)
    return model("CAST", [x], plain("y", shape, target), {}, "CastOptions", 1)


@case("SELECT_V2")
def select_v2(rng: Rng) -> Graph:
    dtype = pick(rng, (np.int8, np.int32, np.float32, np.bool_))
    q, (a, b) = quant(rng), shapes(rng)
    out = np.broadcast_shapes(a, b)
    condition = tuple(n if rng.random() < 0.6 else 1 for n in out)
    inputs = [plain("c", condition, np.bool_), plain("a", a, dtype, q), plain("b", b, dtype, q)]
    return model("SELECT_V2", inputs, plain("y", out, dtype, q), {}, "SelectV2Options", 1)


@case("SELECT")
def select(rng: Rng) -> Graph:
    dtype = pick(rng, (np.int8, np.int32, np.float32))
    q, shape = quant(rng), shape_of(rng)
    condition = shape if rng.random() < 0.5 else shape[:1]
    inputs = [plain("c", condition, np.bool_), *(plain(n, shape, dtype, q) for n in "ab")]
    return model("SELECT", inputs, plain("y", shape, dtype, q), {}, "SelectOptions", 1)


case("DIV/int8", oracle=False)(lambda rng: pair(rng, "DIV", np.int8))


@case("ADD_N/int8", oracle=False)
def add_n_int8(rng: Rng) -> Graph:
    shape, q = shape_of(rng), quant(rng)
    inputs = [plain(f"x{i}", shape, np.int8, q) for i in range(int(rng.integers(2, 5)))]
    return model("ADD_N", inputs, plain("y", shape, np.int8, quant(rng)), {}, "AddNOptions", 1)


@case("ADD_N")
def add_n(rng: Rng) -> Graph:
    dtype = pick(rng, (np.int32, np.float32))
    shape = shape_of(rng)
    inputs = [plain(f"x{i}", shape, dtype) for i in range(int(rng.integers(2, 5)))]
    return model("ADD_N", inputs, plain("y", shape, dtype), {}, "AddNOptions", 1)
