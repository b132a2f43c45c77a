# SPDX-License-Identifier: Apache-2.0
"""Operators whose outputs are views of their input, or put together from such."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.graph import Graph, Tensor
from tests.ops.cases.common import (
    I8,
    Rng,
    case,
    constant,
    ints,
    model,
    pick,
    plain,
    quant,
    shape_of,
)

TYPES = (np.int8, np.int8, np.int8, np.int32, np.float32)


def moved(
    rng: Rng,
    op: str,
    shape: tuple[int, ...],
    results: list[tuple[int, ...]],
    others: list[Tensor],
    options: dict[str, Any] | None = None,
    options_type: str = "",
    types: tuple[Any, ...] = TYPES,
    source: int = 0,
    version: int = 1,
) -> Graph:
    """A model of one input of any of these types, whose outputs have its scale."""
    dtype, q = pick(rng, types), quant(rng)
    inputs = [*others[:source], plain("x", shape, dtype, q), *others[source:]]
    outputs = [plain(f"y{i}", s, dtype, q) for i, s in enumerate(results)]
    return model(op, inputs, outputs, options, options_type, version)


@case("TRANSPOSE")
def transpose(rng: Rng) -> Graph:
    shape = shape_of(rng, (1, 7), 5)
    order = [int(d) for d in rng.permutation(len(shape))]
    out = tuple(shape[d] for d in order)
    return moved(rng, "TRANSPOSE", shape, [out], [ints("order", order)], {}, "TransposeOptions")


@case("SPLIT")
def split(rng: Rng) -> Graph:
    shape, count = list(shape_of(rng)), int(rng.integers(1, 4))
    axis = int(rng.integers(-len(shape), len(shape)))
    part = tuple(shape)
    shape[axis] *= count
    axes = [ints("axis", axis)]
    options = {"num_splits": count}
    return moved(
        rng, "SPLIT", tuple(shape), [part] * count, axes, options, "SplitOptions", source=1
    )


@case("SPLIT_V")
def split_v(rng: Rng) -> Graph:
    shape = list(shape_of(rng))
    axis = int(rng.integers(-len(shape), len(shape)))
    sizes = [int(n) for n in rng.integers(1, 5, int(rng.integers(1, 4)))]
    parts = []
    for n in sizes:
        shape[axis] = n
        parts.append(tuple(shape))
    shape[axis] = sum(sizes)
    if rng.random() < 0.3:
        sizes[int(rng.integers(0, len(sizes)))] = -1
    others = [ints("sizes", sizes), ints("axis", axis)]
    options = {"num_splits": len(sizes)}
    return moved(rng, "SPLIT_V", tuple(shape), parts, others, options, "SplitVOptions")


@case("UNPACK")
def unpack(rng: Rng) -> Graph:
    shape = shape_of(rng)
    axis = int(rng.integers(-len(shape), len(shape)))
    part = tuple(np.delete(np.array(shape, int), axis).tolist())
    options = {"num": shape[axis], "axis": axis}
    return moved(rng, "UNPACK", shape, [part] * shape[axis], [], options, "UnpackOptions")


@case("SLICE")
def slice_(rng: Rng) -> Graph:
    shape = shape_of(rng, (1, 6))
    begin = [int(rng.integers(0, n)) for n in shape]
    size = [int(rng.integers(1, n - b + 1)) for n, b in zip(shape, begin, strict=True)]
    out = tuple(size)
    size = [
        -1 if b + s == n and rng.random() < 0.4 else s
        for n, b, s in zip(shape, begin, size, strict=True)
    ]
    return moved(
        rng, "SLICE", shape, [out], [ints("b", begin), ints("s", size)], {}, "SliceOptions"
    )


@case("SQUEEZE")
def squeeze(rng: Rng) -> Graph:
    shape = tuple(1 if rng.random() < 0.5 else n for n in shape_of(rng))
    ones = [d for d, n in enumerate(shape) if n == 1]
    gone = [d for d in ones if rng.random() < 0.7]
    out = tuple(n for d, n in enumerate(shape) if d not in (gone or ones))
    named = np.array([d - len(shape) if rng.random() < 0.3 else d for d in gone], np.int32)
    return moved(rng, "SQUEEZE", shape, [out], [], {"squeeze_dims": named}, "SqueezeOptions")


@case("EXPAND_DIMS")
def expand_dims(rng: Rng) -> Graph:
    shape = shape_of(rng)
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    out = np.expand_dims(np.zeros(shape), axis).shape
    axes = [ints("axis", [axis])]
    return moved(rng, "EXPAND_DIMS", shape, [out], axes, {}, "ExpandDimsOptions")


@case("REVERSE_V2")
def reverse_v2(rng: Rng) -> Graph:
    shape = shape_of(rng)
    axis = int(rng.integers(0, len(shape)))
    types = (np.int8, np.int32, np.float32)
    axes = [ints("axis", [axis])]
    return moved(rng, "REVERSE_V2", shape, [shape], axes, {}, "ReverseV2Options", types)


@case("BROADCAST_TO")
def broadcast_to(rng: Rng) -> Graph:
    out = shape_of(rng, (1, 7), 5)
    shape = tuple(1 if rng.random() < 0.5 else n for n in out)[int(rng.integers(0, len(out))) :]
    sizes, options = [ints("s", out)], "BroadcastToOptions"
    return moved(rng, "BROADCAST_TO", shape, [out], sizes, {}, options, version=2)


@case("TILE")
def tile(rng: Rng) -> Graph:
    shape = shape_of(rng)
    times = [int(n) for n in rng.integers(1, 4, len(shape))]
    out = tuple(n * t for n, t in zip(shape, times, strict=True))
    return moved(rng, "TILE", shape, [out], [ints("times", times)], {}, "TileOptions")


@case("SPACE_TO_DEPTH")
def space_to_depth(rng: Rng) -> Graph:
    (n, h, w, c), b = shape_of(rng, (4, 5)), int(rng.integers(2, 4))
    shape, options = (n, h * b, w * b, c), {"block_size": b}
    out = (n, h, w, c * b * b)
    return moved(rng, "SPACE_TO_DEPTH", shape, [out], [], options, "SpaceToDepthOptions")


@case("DEPTH_TO_SPACE")
def depth_to_space(rng: Rng) -> Graph:
    (n, h, w, c), b = shape_of(rng, (4, 5)), int(rng.integers(2, 4))
    shape, options = (n, h, w, c * b * b), {"block_size": b}
    out = (n, h * b, w * b, c)
    return moved(rng, "DEPTH_TO_SPACE", shape, [out], [], options, "DepthToSpaceOptions")


def blocks(rng: Rng) -> tuple[tuple[int, ...], list[int], list[list[int]], tuple[int, ...]]:
    """The larger tensor of space-to-batch, blocks, edges, and the tensor of more batches."""
    rank = int(rng.integers(1, 3))
    few = [int(n) for n in rng.integers(1, 7, rank + 2)]
    sizes = [int(n) for n in rng.integers(1, 4, rank)]
    edges, maps = [], []
    for n, b in zip(few[1:-1], sizes, strict=True):
        before = int(rng.integers(0, 4)) if rng.random() < 0.7 else 0
        after = -(n + before) % b + b * int(rng.integers(0, 2))
        edges.append([before, after])
        maps.append((n + before + after) // b)
    return tuple(few), sizes, edges, (few[0] * int(np.prod(sizes)), *maps, few[-1])


@case("SPACE_TO_BATCH_ND")
def space_to_batch_nd(rng: Rng) -> Graph:
    few, sizes, edges, many = blocks(rng)
    others = [ints("block", sizes), ints("edges", edges)]
    op, types = "SPACE_TO_BATCH_ND", (np.int8, np.float32)
    return moved(rng, op, few, [many], others, {}, "SpaceToBatchNDOptions", types)


@case("BATCH_TO_SPACE_ND")
def batch_to_space_nd(rng: Rng) -> Graph:
    few, sizes, edges, many = blocks(rng)
    others = [ints("block", sizes), ints("edges", edges)]
    op, types = "BATCH_TO_SPACE_ND", (np.int8, np.float32)
    return moved(rng, op, many, [few], others, {}, "BatchToSpaceNDOptions", types)


def padded(rng: Rng, shape: tuple[int, ...]) -> tuple[list[list[int]], tuple[int, ...]]:
    pads = [[int(n) for n in rng.integers(0, 4, 2)] for _ in shape]
    return pads, tuple(n + a + b for n, (a, b) in zip(shape, pads, strict=True))


@case("PAD/types")
def pad(rng: Rng) -> Graph:
    shape = shape_of(rng, (1, 6))
    pads, out = padded(rng, shape)
    return moved(rng, "PAD", shape, [out], [ints("pads", pads)], {}, "PadOptions")


@case("PADV2")
def padv2(rng: Rng) -> Graph:
    shape, q = shape_of(rng, (1, 6)), quant(rng)
    dtype = pick(rng, TYPES)
    pads, out = padded(rng, shape)
    value = constant("value", np.array([rng.integers(-128, 128)]).astype(dtype))
    value = Tensor("value", (1,), np.dtype(dtype), q if dtype == np.int8 else None, value.data)
    inputs = [plain("x", shape, dtype, q), ints("pads", pads), value]
    return model("PADV2", inputs, plain("y", out, dtype, q), {}, "PadV2Options", 1)


@case("MIRROR_PAD")
def mirror_pad(rng: Rng) -> Graph:
    shape, mode = shape_of(rng), int(rng.integers(0, 2))
    inner = 1 - mode
    pads = [[int(n) for n in rng.integers(0, n - inner + 1, 2)] for n in shape]
    out = tuple(n + a + b for n, (a, b) in zip(shape, pads, strict=True))
    others, options = [ints("pads", pads)], {"mode": mode}
    return moved(rng, "MIRROR_PAD", shape, [out], others, options, "MirrorPadOptions")


@case("FILL")
def fill(rng: Rng) -> Graph:
    shape, q = shape_of(rng), quant(rng)
    value = plain("x", (), pick(rng, TYPES), q)
    y = Tensor("y", shape, value.dtype, value.quant)
    return model("FILL", [ints("shape", shape), value], y, {}, "FillOptions", 1)


@case("ZEROS_LIKE")
def zeros_like(rng: Rng) -> Graph:
    shape, types = shape_of(rng), (np.float32, np.int32, np.int64)
    return moved(rng, "ZEROS_LIKE", shape, [shape], [], {}, "ZerosLikeOptions", types)


@case("CONCATENATION/twice")
def twice(rng: Rng) -> Graph:
    """The same tensor twice, and a constant."""
    shape, q = shape_of(rng, (2, 5)), quant(rng)
    data = rng.integers(-128, 128, shape).astype(np.int8)
    graph = model(
        "CONCATENATION",
        [plain("x", shape, I8, q), Tensor("c", shape, I8, q, data)],
        plain("y", (shape[0] * 3, *shape[1:]), I8, q),
        {"axis": 0},
        "ConcatenationOptions",
        2,
    )
    node = graph.nodes[0]
    return Graph(
        graph.tensors,
        (type(node)(node.op, (0, 1, 0), node.outputs, node.options, node.options_type, b"", 2),),
        graph.inputs,
        graph.outputs,
    )
