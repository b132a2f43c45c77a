# SPDX-License-Identifier: Apache-2.0
"""What operators that only move bytes share: strided views, and the calls that copy them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, QuantRule, Ref, Rows, Site

DIMS = 5  # of the kernel `copy`
MAX_ROWS = 65_535  # of one step


def dummy(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
    """An array with the shape and strides of a tensor, for numpy to make views of; no bytes."""
    strides = np.cumprod([dtype.itemsize, *shape[:0:-1]])[: len(shape)][::-1]
    return np.lib.stride_tricks.as_strided(np.zeros(1, dtype), shape, tuple(map(int, strides)))


def copies(
    site: Site, source: Ref, base: Array, view: Array, target: Ref, place: Array
) -> list[Call]:
    """The calls that copy `view`, a view of `base`, to `place`, both of one shape.

    `base` is a dummy of the source tensor; `place` a view of a dummy of the target, which the Ref
    `target` already points to. Raises UnsupportedError if more than five dimensions remain once
    those that lie together are merged."""
    start = view.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    size = view.dtype.itemsize
    dims = _merged(view.shape, view.strides, place.strides)
    chunk = size
    if dims and dims[-1][1:] == (size, size):
        chunk *= dims.pop()[0]
    if dims and dims[0][0] > MAX_ROWS and len(dims) < DIMS:
        dims.insert(0, (1, 0, 0))
    if len(dims) > DIMS or (dims and dims[0][0] > MAX_ROWS):
        raise site.unsupported(f"moving {view.shape} in {len(dims)} strided dimensions")
    rows = dims[0] if dims else (1, 0, 0)
    full = [rows, *[(1, 0, 0)] * (DIMS - max(len(dims), 1)), *dims[1:]]
    params = {
        "chunk": chunk,
        "base": start,
        "dims": [d[0] for d in full],
        "in_stride": [d[1] for d in full],
        "out_stride": [d[2] for d in full],
    }
    return [
        Call(
            "copy",
            params,
            (source,),
            target,
            rows[0],
            reads=(_row(start, chunk, full),),
            row_bytes=rows[2] if _contiguous(chunk, full) else 0,
        )
    ]


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


def constant(site: Site, value: Array) -> list[Call]:
    """The call that puts bytes known on the PC into the output."""
    return [Call("constant", {"bytes": value.nbytes}, (), site.out_ref(), consts={"value": value})]


class View(Op):
    """An operator whose outputs are strided views of its first input, as numpy understands it."""

    rule = QuantRule(same_scale=True)

    def views(self, site: Site, x: Array) -> list[Array]:
        """Each output as a view of x, in the output's order of elements; its shape may differ."""
        raise NotImplementedError

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        x = site.input(0)
        return tuple(v.shape for v in self.views(site, dummy(x.shape, x.dtype)))

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        x = values[0]
        assert x is not None
        shape = site.input(0).shape
        if not shape or x.shape == shape or shape[0] == 0:
            return self._made(site, x)
        # A larger batch: what a view does to the first dimension, it does to one sample's.
        parts = [self._made(site, part) for part in np.split(x, len(x) // shape[0])]
        return [np.concatenate(group) for group in zip(*parts, strict=True)]

    def _made(self, site: Site, x: Array) -> list[Array]:
        views = self.views(site, x)
        return [np.array(v).reshape(s) for v, s in zip(views, self.shapes(site), strict=True)]

    def pack(self, site: Site) -> list[Call]:
        x = site.input(0)
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
                calls += copies(site, site.in_ref(0), base, view, target, place)
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
        if len(set(site.node.inputs)) != len(site.node.inputs):
            raise site.unsupported("the same tensor twice")
        calls: list[Call] = []
        for position, place in enumerate(self.places(site, base)):
            tensor = site.input(position)
            quantized = tensor.quant is not None and out.quant is not None
            if tensor.dtype != out.dtype or (quantized and not tensor.quant.equals(out.quant)):  # type: ignore[union-attr]
                raise site.unsupported("inputs of another type or scale than the output")
            start = place.__array_interface__["data"][0] - base.__array_interface__["data"][0]
            source = dummy(tensor.shape, tensor.dtype)
            target = site.out_ref(start)
            calls += copies(site, site.in_ref(position), source, source, target, place)
        return calls
