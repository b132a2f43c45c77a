# SPDX-License-Identifier: Apache-2.0
"""Operators that only move bytes."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Graph, Tensor
from tests.ops.cases.common import I32, Rng, activation, case, constant, model, quant, shape_of


@case("PAD")
def pad(rng: Rng) -> Graph:
    shape = shape_of(rng)
    pads = rng.integers(0, 4, (len(shape), 2)).astype(np.int32)
    if len(shape) == 4 and rng.random() < 0.7:
        pads[0] = 0
    q = quant(rng)
    out = tuple(n + int(p.sum()) for n, p in zip(shape, pads, strict=True))
    inputs = [activation("x", shape, q), constant("pads", pads)]
    return model("PAD", inputs, activation("y", out, q), {}, "PadOptions", 2)


@case("CONCATENATION")
def concatenation(rng: Rng) -> Graph:
    shape, q = [int(n) for n in rng.integers(1, 6, 4)], quant(rng)
    axis = int(rng.integers(-4, 4))
    parts = [int(n) for n in rng.integers(1, 5, int(rng.integers(2, 5)))]
    inputs = []
    for i, n in enumerate(parts):
        part = [*shape]
        part[axis] = n
        inputs.append(activation(f"x{i}", tuple(part), q))
    shape[axis] = sum(parts)
    out = activation("y", tuple(shape), q)
    return model("CONCATENATION", inputs, out, {"axis": axis}, "ConcatenationOptions", 2)


@case("RESHAPE")
def reshape(rng: Rng) -> Graph:
    a, b, c = (int(n) for n in rng.integers(1, 7, 3))
    q = quant(rng)
    inputs = [
        activation("x", (1, a, b, c), q),
        constant("shape", np.array([1, a * b * c], np.int32)),
    ]
    return model("RESHAPE", inputs, activation("y", (1, a * b * c), q), {}, "ReshapeOptions", 1)


@case("PACK")
def pack(rng: Rng) -> Graph:
    shape, count, q = (
        tuple(int(n) for n in rng.integers(1, 6, 3)),
        int(rng.integers(1, 5)),
        quant(rng),
    )
    axis = int(rng.integers(-4, 4))
    out = list(shape)
    out.insert(axis % 4, count)
    inputs = [activation(f"x{i}", shape, q) for i in range(count)]
    options = {"axis": axis, "values_count": count}
    return model("PACK", inputs, activation("y", tuple(out), q), options, "PackOptions", 1)


@case("SHAPE")
def shape(rng: Rng) -> Graph:
    x = activation("x", shape_of(rng, size=9), quant(rng))
    y = Tensor("y", (len(x.shape),), I32)
    return model("SHAPE", [x], y, {"out_type": 2}, "ShapeOptions", 1)


@case("STRIDED_SLICE")
def strided_slice(rng: Rng) -> Graph:
    shape, q = shape_of(rng, size=8), quant(rng)
    begin, end, step, shrink, full = [], [], [], 0, 0
    for d, n in enumerate(shape):
        a, b = sorted(int(i) for i in rng.choice(n + 1, 2, replace=False))
        stride = int(rng.choice([1, 1, 2, 3]))
        if rng.random() < 0.25:
            a, b, stride = b - 1, a - 1 if a else -n - 1, -stride
        begin.append(a), end.append(b), step.append(stride)
        if rng.random() < 0.15:
            shrink |= 1 << d
            end[d], step[d] = a + 1, 1
        elif rng.random() < 0.2:
            full |= 1 << d
    begin[0] -= shape[0] if rng.random() < 0.2 else 0
    index = tuple(
        begin[d]
        if shrink >> d & 1
        else slice(None if full >> d & 1 else begin[d], None if full >> d & 1 else end[d], step[d])
        for d in range(len(shape))
    )
    lists = [
        constant(n, np.array(v, np.int32)) for n, v in zip("bes", (begin, end, step), strict=True)
    ]
    y = activation("y", np.zeros(shape)[index].shape, q)
    options = {"begin_mask": full, "end_mask": full, "shrink_axis_mask": shrink}
    inputs = [activation("x", shape, q), *lists]
    return model("STRIDED_SLICE", inputs, y, options, "StridedSliceOptions", 2)
