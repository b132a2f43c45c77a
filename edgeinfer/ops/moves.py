# SPDX-License-Identifier: Apache-2.0
"""What operators that only move bytes share: strided views, and the calls that copy them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, QuantRule, Ref, Rows, Site

DIMS = 5  # of the kernel `copy`
MAX_ROWS = 65_535  # of one step
MAX_CALLS = 64  # for one view of more dimensions than the kernel has


def dummy(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
    """An array with the shape and strides of a tensor, for numpy to make views of; no bytes."""
    strides = np.cumprod([dtype.itemsize, *shape[:0:-1]])[: len(shape)][::-1]
    return np.lib.stride_tricks.as_strided(np.zeros(1, dtype), shape, tuple(map(int, strides)))


def copies(
    site: Site, source: Ref, base: Array, view: Array, target: Ref, place: Array
) -> list[Call]:
    """The calls that copy `view`, a view of `base`, to `place`, both of one shape.

    `base` is a dummy of the source tensor; `place` a view of a dummy of the target, which the Ref
    `target` already points to. Where more than five dimensions remain once those that lie together
    are merged, each index of the smallest has its own call. Raises UnsupportedError if that takes
    too many."""
    start = place_of(view, base)
    size = view.dtype.itemsize
    dims = _merged(view.shape, view.strides, place.strides)
    chunk = size
    if dims and dims[-1][1:] == (size, size):
        chunk *= dims.pop()[0]
    if dims and dims[0][0] > MAX_ROWS:
        dims.insert(0, (1, 0, 0))
    apart = [dims.pop(dims.index(min(dims[1:]), 1)) for _ in range(len(dims) - DIMS)]
    if (count := math.prod(n for n, _, _ in apart)) > MAX_CALLS:
        raise site.unsupported(f"moving {view.shape} in {count} parts")
    calls: list[Call] = []
    for index in np.ndindex(*(n for n, _, _ in apart)):
        ahead = sum(i * a for i, (_, a, _) in zip(index, apart, strict=True))
        below = sum(i * b for i, (_, _, b) in zip(index, apart, strict=True))
        part = Ref(target.tensor, target.offset + below)
        calls.append(copy_call(source, start + ahead, chunk, dims, part))
    return calls


def copy_call(
    source: Ref, start: int, chunk: int, dims: Sequence[tuple[int, int, int]], target: Ref
) -> Call:
    """One call of the kernel `copy`: chunks of bytes from the byte `start` on.

    Each of at most five dimensions has a size and the bytes from one to the next in source and
    target; the first are the rows."""
    rows = dims[0] if dims else (1, 0, 0)
    full = [rows, *[(1, 0, 0)] * (DIMS - max(len(dims), 1)), *dims[1:]]
    params = {
        "chunk": chunk,
        "base": start,
        "dims": [d[0] for d in full],
        "in_stride": [d[1] for d in full],
        "out_stride": [d[2] for d in full],
    }
    return Call(
        "copy",
        params,
        (source,),
        target,
        rows[0],
        reads=(_row(start, chunk, full),),
        row_bytes=rows[2] if _contiguous(chunk, full) else 0,
    )


def _row(start: int, chunk: int, dims: Sequence[tuple[int, int, int]]) -> Rows | None:
    """The rows that a copy reads, if each output row takes its bytes from one row of the input."""
    count, stride, _ = dims[0]
    low = start + sum(min(a, 0) * (n - 1) for n, a, _ in dims[1:])
    high = start + sum(max(a, 0) * (n - 1) for n, a, _ in dims[1:]) + chunk
    return Rows(stride, count) if count > 1 and low >= 0 and high <= stride else None


def _contiguous(chunk: int, dims: Sequence[tuple[int, int, int]]) -> bool:
    """Whether the output's rows follow each other without gaps."""
    bytes_ = chunk
    for n, _, stride in reversed(dims[1:]):
        if n > 1 and stride != bytes_:
            return False
        bytes_ *= n
    return dims[0][2] == bytes_


def _merged(
    shape: tuple[int, ...], ins: tuple[int, ...], outs: tuple[int, ...]
) -> list[tuple[int, int, int]]:
    """Size and both strides of each dimension, those merged that make one; none of size 1."""
    merged: list[tuple[int, int, int]] = []
    for n, a, b in zip(shape, ins, outs, strict=True):
        if n == 1:
            continue
        if merged and merged[-1][1] == n * a and merged[-1][2] == n * b:
            merged[-1] = (merged[-1][0] * n, a, b)
        else:
            merged.append((n, a, b))
    return merged


def batches(x: Array, shape: tuple[int, ...], make: Callable[[Array], list[Array]]) -> list[Array]:
    """What `make` makes of x; if x is a larger batch than `shape`, of each sample, put together.

    What an operator does to the first dimension, it does to one sample's."""
    if not shape or x.shape == shape or shape[0] == 0:
        return make(x)
    parts = [make(part) for part in np.split(x, len(x) // shape[0])]
    return [np.concatenate(group) for group in zip(*parts, strict=True)]


def place_of(view: Array, base: Array) -> int:
    """Bytes from the start of a dummy to the first element of a view of it."""
    return int(view.__array_interface__["data"][0] - base.__array_interface__["data"][0])


class View(Op):
    """An operator whose outputs are strided views of one input, as numpy understands it."""

    rule = QuantRule(same_scale=True)
    source = 0  # position of that input

    def views(self, site: Site, x: Array) -> list[Array]:
        """Each output as a view of x, in the output's order of elements; its shape may differ."""
        raise NotImplementedError

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        x = site.input(self.source)
        return tuple(v.shape for v in self.views(site, dummy(x.shape, x.dtype)))

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        x = values[self.source]
        assert x is not None
        shape = site.input(self.source).shape
        return batches(x, shape, lambda part: self._made(site, part))

    def _made(self, site: Site, x: Array) -> list[Array]:
        views = self.views(site, x)
        return [np.array(v).reshape(s) for v, s in zip(views, self.shapes(site), strict=True)]

    def pack(self, site: Site) -> list[Call]:
        x = site.input(self.source)
        base = dummy(x.shape, x.dtype)
        calls: list[Call] = []
        for position, (view, out) in enumerate(
            zip(self.views(site, base), site.outputs, strict=True)
        ):
            if out.dtype != x.dtype:
                raise site.unsupported(f"a change of type from {x.dtype} to {out.dtype}")
            if math.prod(view.shape):
                place = dummy(view.shape, out.dtype)
                target = site.out_ref(position=position)
                calls += copies(site, site.in_ref(self.source), base, view, target, place)
        return calls


class Join(Op):
    """An operator that puts its inputs side by side."""

    rule = QuantRule(same_scale=True)

    def joined(self, site: Site, values: Sequence[Array]) -> Array:
        """The output."""
        raise NotImplementedError

    def places(self, site: Site, out: Array) -> list[Array]:
        """Where each input goes, as a view of the output with the input's shape."""
        raise NotImplementedError

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        return self.joined(site, [v for v in values if v is not None])

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        return self.float_(site, values)

    def pack(self, site: Site) -> list[Call]:
        out = site.output
        base = dummy(out.shape, out.dtype)
        calls: list[Call] = []
        for position, place in enumerate(self.places(site, base)):
            tensor = site.input(position)
            quantized = tensor.quant is not None and out.quant is not None
            if tensor.dtype != out.dtype or (quantized and not tensor.quant.equals(out.quant)):  # type: ignore[union-attr]
                raise site.unsupported("inputs of another type or scale than the output")
            source = dummy(tensor.shape, tensor.dtype)
            target = site.out_ref(place_of(place, base))
            made = copies(site, site.in_ref(position), source, source, target, place)
            calls += [replace(call, part=True) for call in made]
        return calls
