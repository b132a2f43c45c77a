# SPDX-License-Identifier: Apache-2.0
"""MEAN: mean along dimensions, such as height and width."""

from __future__ import annotations

import math

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier
from edgeinfer.ops.base import Call, Rows, Site
from edgeinfer.ops.reduction import in_order
from edgeinfer.ops.sum import Sum


class Mean(Sum):
    """The int8 reference is QuantizedMeanOrSum (kernels/internal/reference/reduce.h)."""

    name = "MEAN"

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        count = math.prod(x.shape[a] for a in axes)
        total = in_order(np.add, x, axes, keep)
        if x.dtype == np.float32:
            return np.asarray(total / np.float32(count))
        wide = x.sum(axes, keepdims=keep, dtype=np.int64)
        return np.asarray(np.sign(wide) * (np.abs(wide) // count), x.dtype)

    def pack(self, site: Site) -> list[Call]:
        axes, shape = self.axes(site), site.input(0).shape
        neighbours = axes and list(axes) == list(range(axes[0], axes[-1] + 1))
        if site.output.dtype != np.int8 or not neighbours:
            return super().pack(site)
        site.require_int8(0)
        count, inner = self.count(site), math.prod(shape[axes[-1] + 1 :])
        params = {"reduce": count, "inner": inner, **self.scaling(site)}
        rows = math.prod(shape[: axes[0]])
        return [
            Call(
                "mean",
                params,
                (site.in_ref(0),),
                site.out_ref(),
                rows,
                inplace=(0,),
                reads=(Rows(count * inner, rows),),
                row_bytes=inner,
            )
        ]

    @staticmethod
    def multiplier(site: Site, count: int) -> tuple[int, int]:
        """Multiplier and shift of input / (output · count).

        As QuantizedMeanOrSum in TFLite, which divides the Q31 multiplier by the count and keeps
        its bits by shifting first."""
        mult, shift = multiplier(site.input(0).scale / site.output.scale)
        extra = min(count.bit_length() - 1, 32, 31 + shift)
        return (mult << extra) // count, shift - extra
