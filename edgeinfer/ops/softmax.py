# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX over the last dimension."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from edgeinfer.graph import Array, Quant
from edgeinfer.numerics import float_functions
from edgeinfer.numerics.fixed_point import (
    bit_length,
    div_pot,
    mul_high,
    multiplier,
    requantize,
    wrap,
)
from edgeinfer.numerics.functions import SUM_BITS, exp_negative, input_radius, reciprocal
from edgeinfer.ops import wide
from edgeinfer.ops.base import Call, Op, QuantRule, Rows, Site
from edgeinfer.ops.points import looked_up, points
from edgeinfer.ops.reduction import in_order

DIFF_BITS = 5  # integer bits of a scaled difference
TO_16 = Quant.per_tensor(1 / 65536, -32768)  # of an int16 output of int8 inputs


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
        with np.errstate(all="ignore"):
            e = float_functions.exp((x - x.max(-1, keepdims=True)) * beta)
            return np.asarray(e / in_order(np.add, e, (e.ndim - 1,), True))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        if wide.is_wide(site):
            return _quantized_16(site, values[0])
        mult, shift, diff_min = self._scaling(site)
        x = values[0].astype(np.int64)
        diff = x - x.max(-1, keepdims=True)
        exps = exp_negative(mul_high(wrap(diff << shift), mult), DIFF_BITS)
        near = diff >= diff_min
        total = wrap(np.where(near, div_pot(exps, SUM_BITS), 0).sum(-1, keepdims=True))
        scale, bits = reciprocal(total, SUM_BITS)
        limits = np.iinfo(site.output.dtype)
        q = div_pot(mul_high(scale, exps), np.clip(bits + 31 - limits.bits, 0, 31)) + limits.min
        q = np.where(near, np.clip(q, limits.min, limits.max), limits.min)
        return q.astype(site.output.dtype)

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype == site.output.dtype == np.float32:
            return [self.call(site, "softmax_float", {"beta": float(site.option("beta", 1.0))})]
        if wide.is_wide(site):
            wide.require_int16(site, 0)
            mult, shift = _scale_16(site)
            return [self.call(site, "softmax_16", {"mult": mult, "shift": shift}, _tables_16())]
        if site.input(0).dtype != np.int8 or site.output.dtype not in (np.int8, np.int16):
            raise site.unsupported(f"type {site.output.dtype} of {site.input(0).dtype}")
        mult, shift, diff_min = self._scaling(site)
        params = {"mult": mult, "shift": shift, "diff_min": diff_min}
        params["bits"] = site.output.dtype.itemsize * 8
        return [self.call(site, "softmax", params)]

    @staticmethod
    def call(
        site: Site,
        kernel: str,
        params: Mapping[str, float],
        consts: Mapping[str, Array] = MappingProxyType({}),
    ) -> Call:
        """The call of a kernel that makes the output row by row.

        Raises UnsupportedError for a tensor without dimensions."""
        if not site.output.shape:
            raise site.unsupported("a tensor without dimensions")
        row = site.output.shape[-1]
        rows = site.output.size // row
        bytes_in, row_bytes = (row * t.dtype.itemsize for t in (site.input(0), site.output))
        return Call(
            kernel,
            {"row": row, **params},
            (site.in_ref(0),),
            site.out_ref(),
            rows,
            consts=consts,
            inplace=(0,) if bytes_in == row_bytes else (),
            reads=(Rows(bytes_in, rows),),
            row_bytes=row_bytes,
        )

    def _scaling(self, site: Site) -> tuple[int, int, int]:
        """As PreprocessSoftmaxScaling in TFLite (kernels/internal/quantization_util.cc)."""
        fixed = TO_16 if site.output.dtype == np.int16 else self.rule.fixed_output
        assert fixed is not None
        site.require_output(fixed)
        beta = float(np.float32(site.option("beta", 1.0)))
        real = min(beta * site.input(0).scale * (1 << (31 - DIFF_BITS)), (1 << 31) - 1.0)
        if not math.isfinite(real) or real <= 1:
            raise site.unsupported("an input scale this small")
        mult, shift = multiplier(real)
        return mult, shift, -input_radius(DIFF_BITS, shift)


def _quantized_16(site: Site, x: Array) -> Array:
    """SoftmaxInt16 (kernels/internal/reference/softmax.h)."""
    tables = _tables_16()
    x = x.astype(np.int64)
    scaled = requantize(x - x.max(-1, keepdims=True), *_scale_16(site))
    exps = looked_up(tables["exp"], scaled + 32767)
    total = exps.sum(-1, keepdims=True)
    zeros = 32 - bit_length(total)
    shifted = ((total << (zeros - 1)) + (1 << 13)) >> 14
    scale = looked_up(tables["reciprocal"], shifted - (1 << 15) - (1 << 16))
    right = 31 - zeros
    q = (exps * scale + (np.int64(1) << (right - 1))) >> right
    return np.asarray(np.clip(q, 0, 32767), np.int16)


def _scale_16(site: Site) -> tuple[int, int]:
    """Multiplier and shift of differences to 65535 for 10."""
    site.require_output(wide.Q15)
    beta = float(np.float32(site.option("beta", 1.0)))
    return multiplier(site.input(0).scale * beta / (10.0 / 65535.0))


def _tables_16() -> dict[str, Array]:
    """exp over −10..0 and 1 / (1 + x) over 0..1, in Q15 (SoftmaxPrepare, activations.cc)."""
    return {
        "exp": points(np.exp, -10.0, 0.0, 65536 / 2.0),
        "reciprocal": points(lambda x: 1 / (1 + x), 0.0, 1.0, 65536 / 2.0),
    }
