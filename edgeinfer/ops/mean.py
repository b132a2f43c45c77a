# SPDX-License-Identifier: Apache-2.0
"""MEAN: mean over neighbouring dimensions, such as height and width."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.fixed_point import multiplier, requantize
from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, Rows, Site


class Mean(Op):
    """The int8 reference is QuantizedMeanOrSum (kernels/internal/reference/reduce.h)."""

    name = "MEAN"

    def shape(self, site: Site) -> tuple[int, ...]:
        axes = self._axes(site)
        keep = bool(site.option("keep_dims"))
        shape = site.input(0).shape
        return tuple(1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes)

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        keep = bool(site.option("keep_dims"))
        return np.asarray(values[0].mean(self._axes(site), keepdims=keep, dtype=np.float32))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        axes, keep = self._axes(site), bool(site.option("keep_dims"))
        count = math.prod(site.input(0).shape[a] for a in axes)
        total = values[0].sum(axes, keepdims=keep, dtype=np.int64)
        centred = total - site.input(0).zero_point * count
        q = requantize(centred, *self._multiplier(site, count)) + site.output.zero_point
        return np.clip(q, -128, 127).astype(np.int8)

    def pack(self, site: Site) -> list[Call]:
        site.require_int8(0)
        axes, shape = self._axes(site), site.input(0).shape
        if not axes or list(axes) != list(range(axes[0], axes[-1] + 1)):
            raise site.unsupported(f"a mean over the dimensions {axes}, which are not neighbours")
        count = math.prod(shape[a] for a in axes)
        mult, shift = self._multiplier(site, count)
        params = {
            "reduce": count,
            "inner": math.prod(shape[axes[-1] + 1 :]),
            "bias": -site.input(0).zero_point * count,
            "mult": mult,
            "shift": shift,
            "out_zero": site.output.zero_point,
        }
        rows, inner = math.prod(shape[: axes[0]]), params["inner"]
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
    def _axes(site: Site) -> tuple[int, ...]:
        rank = len(site.input(0).shape)
        axes = [int(a) for a in site.const(1).reshape(-1)]
        if any(not -rank <= a < rank for a in axes):
            raise ModelError(
                f"{site.where}: axes {axes} of a tensor of {rank} dimensions.",
                "Convert the model again: it is damaged.",
            )
        return tuple(sorted({a % rank for a in axes}))

    @staticmethod
    def _multiplier(site: Site, count: int) -> tuple[int, int]:
        """Multiplier and shift of input / (output · count).

        As QuantizedMeanOrSum in TFLite, which divides the Q31 multiplier by the count and keeps
        its bits by shifting first."""
        mult, shift = multiplier(site.input(0).scale / site.output.scale)
        extra = min(count.bit_length() - 1, 32, 31 + shift)
        return (mult << extra) // count, shift - extra
