# SPDX-License-Identifier: Apache-2.0
"""HARD_SWISH: x · min(max(x + 3, 0), 6) / 6."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import (
    INT32_MAX,
    Ints,
    div_pot,
    mul_high,
    multiplier,
    shl_saturate,
)
from edgeinfer.ops.base import Site
from edgeinfer.ops.table import Table

INT16_MAX = (1 << 15) - 1


class HardSwish(Table):
    """The int8 reference is HardSwish (kernels/internal/reference/hard_swish.h).

    It computes in int16: x on its own scale · 2⁻⁷ once towards the output's scale, once so that 3
    is 2¹⁵, which saturates to the factor in [0, 1]."""

    name = "HARD_SWISH"
    float_code = "EI_HARD_SWISH"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        return x * np.clip(x + np.float32(3), np.float32(0), np.float32(6)) / np.float32(6)

    def results(self, site: Site, q: Array) -> Array:
        x, y = site.input(0), site.output
        fine = np.float32(1 / 128) * np.float32(x.scale)
        out_mult, out_shift = _half_multiplier(float(fine / np.float32(y.scale)))
        mult, shift = _half_multiplier(float(fine / np.float32(3 / 32768)))
        if out_shift > 0:
            raise site.unsupported("an output scale this small")
        centred = (q - x.zero_point) << 7
        scaled = mul_high(centred, out_mult, 15)
        factor = mul_high(shl_saturate(centred, max(shift - 1, 0), 15), mult, 15)
        factor = shl_saturate(factor, int(shift > 0), 15)
        factor = (_div_pot(factor, max(-shift, 0)) + (1 << 15)) >> 1
        product = factor * scaled
        product = np.where(product < 0, -(-product >> 15), product >> 15)  # towards zero
        return np.clip(_div_pot(product, -out_shift) + y.zero_point, -128, 127)


def _half_multiplier(scale: float) -> tuple[int, int]:
    """Q15 multiplier and shift (DownScaleInt32ToInt16Multiplier in TFLite)."""
    mult, shift = multiplier(scale)
    return (INT16_MAX if mult >= INT32_MAX - (1 << 15) else (mult + (1 << 15)) >> 16), shift


def _div_pot(x: Ints, exponent: int) -> Ints:
    """RoundingDivideByPOT of gemmlowp on int16, whose mask is −1 for an exponent of 16 and more."""
    if exponent < 16:
        return div_pot(x, exponent)
    return np.where(x < 0, -1, 1)
