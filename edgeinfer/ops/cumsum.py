# SPDX-License-Identifier: Apache-2.0
"""CUMSUM: the sums of all elements up to each one along a dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier, requantize, wrap
from edgeinfer.ops.axes import axis_at
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.broadcast import dtype_code

FRACTION = 19  # bits of a sum of int8 behind the point


class Cumsum(Op):
    """The reference is CumSum (kernels/internal/reference/cumsum.h); int8 is of TFLite Micro.

    There the sum of int8 begins at minus the zero point, not at 0, and wraps in Q19."""

    name = "CUMSUM"

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return self._sums(site, values[0], 0)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        zero = site.input(0).zero_point
        sums = self._sums(site, values[0].astype(np.int64) - zero, -zero)
        q = requantize(wrap(sums << FRACTION), *self._multiplier(site)) + site.output.zero_point
        return np.clip(q, -128, 127).astype(np.int8)

    def pack(self, site: Site) -> list[Call]:
        x, axis = site.input(0), self._axis(site)
        if x.dtype != site.output.dtype or x.dtype not in (np.int8, np.int32, np.int64, np.float32):
            raise site.unsupported(f"type {x.dtype} (tensor '{x.name}')")
        params = {
            "type": dtype_code(site),
            "outer": math.prod(x.shape[:axis]),
            "count": x.shape[axis],
            "inner": math.prod(x.shape[axis + 1 :]),
            "exclusive": int(bool(site.option("exclusive"))),
            "reverse": int(bool(site.option("reverse"))),
        }
        if x.dtype == np.int8:
            mult, shift = self._multiplier(site)
            params |= {"zero": x.zero_point, "mult": mult, "shift": shift}
            params |= {"out_zero": site.output.zero_point}
        return [Call("cumsum", params, (site.in_ref(0),), site.out_ref())]

    def _sums(self, site: Site, x: Array, start: int) -> Array:
        axis = self._axis(site)
        ahead = np.flip(x, axis) if site.option("reverse") else x
        if site.option("exclusive"):
            begin = np.full_like(x.take([0], axis), 0)
            ahead = np.concatenate([begin, ahead.take(range(x.shape[axis] - 1), axis)], axis)
        sums = np.cumsum(ahead, axis, x.dtype) + x.dtype.type(start)
        return np.flip(sums, axis) if site.option("reverse") else sums

    @staticmethod
    def _axis(site: Site) -> int:
        return axis_at(site, 1, len(site.input(0).shape))

    @staticmethod
    def _multiplier(site: Site) -> tuple[int, int]:
        return multiplier(site.input(0).scale / ((1 << FRACTION) * site.output.scale))
