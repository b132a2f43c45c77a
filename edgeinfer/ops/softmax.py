# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX over the last dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import div_pot, mul_high, multiplier, wrap
from edgeinfer.functions import SUM_BITS, exp_negative, input_radius, reciprocal
from edgeinfer.graph import Array, Quant
from edgeinfer.ops import wide
from edgeinfer.ops.base import Call, Op, QuantRule, Rows, Site

DIFF_BITS = 5  # integer bits of a scaled difference


class Softmax(Op):
    """The int8 reference is Softmax (kernels/internal/reference/softmax.h)."""

    name = "SOFTMAX"
    rule = QuantRule(fixed_output=Quant.per_tensor(1 / 256, -128))

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        beta = np.float32(site.option("beta", 1.0))
        e = np.exp((x - x.max(-1, keepdims=True)) * beta)
        return np.asarray(e / e.sum(-1, keepdims=True), np.float32)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        if wide.is_wide(site):
            assert values[0] is not None
            return wide.softmax(site, values[0])
        assert values[0] is not None
        mult, shift, diff_min = self._scaling(site)
        x = values[0].astype(np.int64)
        diff = x - x.max(-1, keepdims=True)
        exps = exp_negative(mul_high(wrap(diff << shift), mult), DIFF_BITS)
        near = diff >= diff_min
        total = wrap(np.where(near, div_pot(exps, SUM_BITS), 0).sum(-1, keepdims=True))
        scale, bits = reciprocal(total, SUM_BITS)
        q = div_pot(mul_high(scale, exps), np.minimum(bits + 31 - 8, 31)) - 128
        return np.where(near, np.clip(q, -128, 127), -128).astype(np.int8)

    def pack(self, site: Site) -> list[Call]:
        if wide.is_wide(site):
            return wide.softmax_call(site)
        site.require_int8(0)
        mult, shift, diff_min = self._scaling(site)
        row = site.output.shape[-1]
        params = {"row": row, "mult": mult, "shift": shift, "diff_min": diff_min}
        rows = site.output.size // row
        return [
            Call(
                "softmax",
                params,
                (site.in_ref(0),),
                site.out_ref(),
                rows,
                inplace=(0,),
                reads=(Rows(row, rows),),
                row_bytes=row,
            )
        ]

    @staticmethod
    def _scaling(site: Site) -> tuple[int, int, int]:
        """As PreprocessSoftmaxScaling in TFLite (kernels/internal/quantization_util.cc)."""
        if site.output.scale != 1 / 256 or site.output.zero_point != -128:
            raise site.unsupported("an output scale other than 1/256 with zero point -128")
        beta = float(np.float32(site.option("beta", 1.0)))
        real = min(beta * site.input(0).scale * (1 << (31 - DIFF_BITS)), (1 << 31) - 1.0)
        if not math.isfinite(real) or real <= 1:
            raise site.unsupported("an input scale this small")
        mult, shift = multiplier(real)
        return mult, shift, -input_radius(DIFF_BITS, shift)
