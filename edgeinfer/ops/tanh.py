# SPDX-License-Identifier: Apache-2.0
"""TANH: hyperbolic tangent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import div_pot, multiplier, requantize
from edgeinfer.functions import input_radius, tanh
from edgeinfer.graph import Array, Quant
from edgeinfer.ops import wide
from edgeinfer.ops.base import Call, QuantRule, Site
from edgeinfer.ops.table import Table

INPUT_BITS = 4  # integer bits of the scaled input


class Tanh(Table):
    """The int8 reference is Tanh (kernels/internal/reference/integer_ops/tanh.h)."""

    name = "TANH"
    rule = QuantRule(fixed_output=Quant.per_tensor(1 / 128, 0))

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.tanh(values[0].astype(np.float64)).astype(np.float32)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        if wide.is_wide(site):
            assert values[0] is not None
            return wide.curve(site, values[0], tanh=True)
        return super().quantized(site, values)

    def pack(self, site: Site) -> list[Call]:
        return wide.curve_call(site, tanh=True) if wide.is_wide(site) else super().pack(site)

    def results(self, site: Site, q: Array) -> Array:
        x = site.input(0)
        if site.output.scale != 1 / 128 or site.output.zero_point != 0:
            raise site.unsupported("an output scale other than 1/128 with zero point 0")
        mult, shift = multiplier(x.scale * (1 << (31 - INPUT_BITS)))
        radius = input_radius(INPUT_BITS, shift)
        centred = q - x.zero_point
        y = tanh(requantize(np.clip(centred, -radius, radius), mult, shift), INPUT_BITS)
        result = np.clip(div_pot(y, 31 - 7), -128, 127)
        return np.where(centred <= -radius, -128, np.where(centred >= radius, 127, result))
