# SPDX-License-Identifier: Apache-2.0
"""DIV: element-wise quotient, with broadcasting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import bit_length, div_pot, mul_high, multiplier, shl_saturate
from edgeinfer.numerics.functions import reciprocal
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.arithmetic import Arithmetic, quantized_params
from edgeinfer.ops.base import Site

FAR = 32767  # saturates every int8


class Div(Arithmetic):
    """The int8 reference is DivElementwise (kernels/internal/reference/div.h).

    By zero, where TFLite defines nothing, int8 saturates and other integers are 0."""

    name = "DIV"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        if a.dtype == np.float32:
            return np.asarray(a / b)
        quotient = np.abs(a) // np.where(b == 0, 1, np.abs(b))
        return np.where(b == 0, 0, np.where((a < 0) != (b < 0), -quotient, quotient))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        a, b = (
            v.astype(np.int64) - site.input(i).zero_point
            for i, v in enumerate(values)
            if v is not None
        )
        a, b = np.broadcast_arrays(np.where(b < 0, -a, a), np.abs(b))
        mult, out_shift = self._multiplier(site)
        inverse, bits = reciprocal(np.where(b == 0, 1, b), 31)
        headroom = 31 - bit_length(np.where(a < 0, ~a, a))
        x = mul_high(mul_high(a << headroom, inverse), mult)
        right = bits + headroom - out_shift
        quotient = div_pot(x, np.clip(right, 0, 31))
        for up in np.unique(-right[right < 0]):
            quotient = np.where(right == -up, shl_saturate(x, int(up)), quotient)
        quotient = np.where(b == 0, np.where(a > 0, FAR, np.where(a < 0, -FAR - 1, 0)), quotient)
        return np.clip(quotient + site.output.zero_point, *int8_range(site)).astype(np.int8)

    def scaled_params(self, site: Site) -> Mapping[str, Any]:
        mult, shift = self._multiplier(site)
        return quantized_params(site, out_mult=mult, out_shift=shift)

    @staticmethod
    def _multiplier(site: Site) -> tuple[int, int]:
        """As Prepare in TFLite (kernels/div.cc)."""
        a, b, out = site.input(0).scale, site.input(1).scale, site.output.scale
        return multiplier(float(np.float32(a) / (np.float32(b) * np.float32(out))))
