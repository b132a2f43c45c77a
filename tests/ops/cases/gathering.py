# SPDX-License-Identifier: Apache-2.0
"""Indices, of the largest or into a tensor, and images of another size."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Graph, Tensor
from tests.ops.cases.common import (
    CASES,
    Rng,
    bounded,
    case,
    constant,
    ints,
    model,
    pick,
    plain,
    quant,
    shape_of,
)

TYPES = (np.int8, np.int8, np.int32, np.float32)


def arg(rng: Rng, op: str) -> Graph:
    shape = shape_of(rng)
    axis = int(rng.integers(-len(shape), len(shape)))
    out = tuple(np.delete(np.array(shape, int), axis).tolist())
    kind = int(rng.integers(0, 2))
    x = plain("x", shape, pick(rng, TYPES), quant(rng))
    y = Tensor("y", out, np.dtype((np.int32, np.int64)[kind]))
    table = "ArgMaxOptions" if op == "ARG_MAX" else "ArgMinOptions"
    return model(op, [x, ints("axis", axis)], y, {"output_type": (2, 4)[kind]}, table, 1)


CASES["ARG_MAX"] = lambda rng: arg(rng, "ARG_MAX")
CASES["ARG_MIN"] = lambda rng: arg(rng, "ARG_MIN")


def indices(rng: Rng, limit: int, shape: tuple[int, ...]) -> Tensor:
    """Constant or known at run time only."""
    dtype = pick(rng, (np.int16, np.int32, np.int32, np.int64))
    if rng.random() < 0.5:
        return bounded(0, limit, shape, dtype)
    return constant("indices", rng.integers(0, limit, shape).astype(dtype))


@case("GATHER")
def gather(rng: Rng) -> Graph:
    x = shape_of(rng, (1, 5))
    batch = int(rng.integers(0, len(x)))
    axis = int(rng.integers(batch, len(x)))
    i = (*x[:batch], *shape_of(rng, (0, 3)))
    dtype, q = pick(rng, TYPES), quant(rng)
    out = (*x[:axis], *i[batch:], *x[axis + 1 :])
    inputs = [plain("x", x, dtype, q), indices(rng, x[axis], i)]
    options = {"axis": axis, "batch_dims": batch}
    return model("GATHER", inputs, plain("y", out, dtype, q), options, "GatherOptions", 4)


@case("GATHER_ND")
def gather_nd(rng: Rng) -> Graph:
    x = shape_of(rng, (1, 5))
    depth = int(rng.integers(1, len(x) + 1))
    i = (*shape_of(rng, (1, 3)), depth)
    dtype, q = pick(rng, TYPES), quant(rng)
    inputs = [plain("x", x, dtype, q), indices(rng, min(x[:depth]), i)]
    y = plain("y", (*i[:-1], *x[depth:]), dtype, q)
    return model("GATHER_ND", inputs, y, {}, "GatherNdOptions", 4)


@case("EMBEDDING_LOOKUP")
def embedding_lookup(rng: Rng) -> Graph:
    table = shape_of(rng, (2, 4))
    dtype, q = pick(rng, (np.int8, np.float32)), quant(rng)
    count = (int(rng.integers(1, 6)),)
    inputs = [bounded(0, table[0], count), plain("x", table, dtype, q)]
    y = plain("y", (*count, *table[1:]), dtype, q)
    return model("EMBEDDING_LOOKUP", inputs, y, {}, "", 1)


def resize(rng: Rng, op: str, dtype: type) -> Graph:
    shape = shape_of(rng, (4, 5), 9)
    size = [int(n) for n in rng.integers(1, 20, 2)]
    corners = bool(rng.integers(0, 2))
    options = {"align_corners": corners, "half_pixel_centers": not corners and rng.random() < 0.5}
    q = quant(rng)
    y = plain("y", (shape[0], *size, shape[3]), dtype, q)
    words = op.title().replace("_", "")
    inputs = [plain("x", shape, dtype, q), ints("size", size)]
    return model(op, inputs, y, options, f"{words}Options", 3)


CASES["RESIZE_BILINEAR"] = lambda rng: resize(rng, "RESIZE_BILINEAR", np.int8)
CASES["RESIZE_BILINEAR/types"] = lambda rng: resize(
    rng, "RESIZE_BILINEAR", pick(rng, (np.int16, np.float32))
)
CASES["RESIZE_NEAREST_NEIGHBOR"] = lambda rng: resize(
    rng, "RESIZE_NEAREST_NEIGHBOR", pick(rng, (np.int8, np.float32))
)
