# SPDX-License-Identifier: Apache-2.0
"""Reductions over any dimensions: what they share, and the kernel `reduce`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops import wide
from edgeinfer.ops.axes import axes_of
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.broadcast import dtype_code

CODES = {"SUM": 0, "MEAN": 1, "REDUCE_MAX": 2, "REDUCE_MIN": 3, "REDUCE_PROD": 4,
         "REDUCE_ANY": 5, "REDUCE_ALL": 6}  # fmt: skip
"""enum in csrc/kernels/reduce.c"""
DIMS = 4  # of the kernel, kept and reduced ones each


class Reduction(Op):
    """An operator that makes one element of all along some dimensions."""

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        """The operation on plain numbers."""
        raise NotImplementedError

    def shape(self, site: Site) -> tuple[int, ...]:
        axes, keep = self.axes(site), self.keep(site)
        shape = site.input(0).shape
        return tuple(1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes)

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        result = self.combine(values[0], self.axes(site), self.keep(site))
        return np.asarray(result, site.output.dtype)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        return self.float_(site, values)

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype != site.output.dtype:
            raise site.unsupported(f"an output of type {site.output.dtype}")
        kept, gone = self._walks(site)
        scaling = self.scaling(site)
        params: dict[str, Any] = {
            "op": CODES[self.name],
            "type": dtype_code(site),
            "out": [n for n, _ in kept],
            "out_stride": [s for _, s in kept],
            "over": [n for n, _ in gone],
            "over_stride": [s for _, s in gone],
            "scaled": int(bool(scaling)),
            **scaling,
        }
        return [Call("reduce", params, (site.in_ref(0),), site.out_ref())]

    def scaling(self, site: Site) -> dict[str, int]:
        """Fields of ei_reduce_params for the requantization of int8 and int16."""
        return {}

    def scaled(self, site: Site) -> bool:
        """Whether the numbers stand for reals. Raises UnsupportedError for types that may not."""
        x = site.input(0)
        if x.quant is None or x.dtype in (np.int32, np.int64):
            return False
        if not wide.is_wide(site) and x.dtype != np.int8:
            raise site.unsupported(f"type {x.dtype} with scales")
        return True

    def stored(self, site: Site, q: Array) -> Array:
        """Requantized numbers as the output has them."""
        info = np.iinfo(site.output.dtype)
        return np.clip(q + site.output.zero_point, info.min, info.max).astype(site.output.dtype)

    def count(self, site: Site) -> int:
        """How many elements become one. Raises UnsupportedError if none do."""
        count = math.prod(site.input(0).shape[a] for a in self.axes(site))
        if count == 0:
            raise site.unsupported(f"{self.name} of no elements")
        return count

    @staticmethod
    def axes(site: Site) -> tuple[int, ...]:
        """The dimensions that go."""
        return axes_of(site, 1, len(site.input(0).shape))

    @staticmethod
    def keep(site: Site) -> bool:
        """Whether they stay as dimensions of size 1."""
        return bool(site.option("keep_dims"))

    def _walks(self, site: Site) -> list[list[tuple[int, int]]]:
        """Size and stride of the kept dimensions and of those that go, neighbours merged."""
        shape, axes = site.input(0).shape, self.axes(site)
        walks: list[list[tuple[int, int]]] = []
        for gone in (False, True):
            walk: list[tuple[int, int]] = []
            for d, n in enumerate(shape):
                stride = math.prod(shape[d + 1 :])
                if (d in axes) != gone or n == 1:
                    continue
                if walk and walk[-1][1] == n * stride:
                    walk[-1] = (walk[-1][0] * n, stride)
                else:
                    walk.append((n, stride))
            if len(walk) > DIMS:
                raise site.unsupported(f"{self.name} over the dimensions {axes} of {shape}")
            walks.append([(1, 0)] * (DIMS - len(walk)) + walk)
        return walks


def in_order(operation: np.ufunc, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    """A sum or product; of float32 in the order of the elements, as numpy's own is not."""
    if x.dtype != np.float32:
        return np.asarray(operation.reduce(x, axes, x.dtype, keepdims=keep))
    front = np.moveaxis(x, axes, range(len(axes)))
    flat = front.reshape(-1, *front.shape[len(axes) :])
    total = np.full(flat.shape[1:], operation.identity, np.float32)
    for part in flat:
        total = operation(total, part)
    return np.expand_dims(total, axes) if keep else total


class Extreme(Reduction):
    """The largest or smallest: int8 stays int8 of the same scale."""

    rule = QuantRule(same_scale=True)
