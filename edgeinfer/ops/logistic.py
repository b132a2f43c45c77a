# SPDX-License-Identifier: Apache-2.0
"""LOGISTIC: 1 / (1 + exp(−x))."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import div_pot, multiplier, requantize
from edgeinfer.functions import input_radius, logistic
from edgeinfer.graph import Array, Quant
from edgeinfer.ops import wide
from edgeinfer.ops.base import Call, QuantRule, Site
from edgeinfer.ops.table import Table

INPUT_BITS = 4  # integer bits of the scaled input


class Logistic(Table):
    """The int8 reference is Logistic (kernels/internal/reference/integer_ops/logistic.h)."""

    name = "LOGISTIC"
    rule = QuantRule(fixed_output=Quant.per_tensor(1 / 256, -128))

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-values[0])), np.float32)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        if wide.is_wide(site):
            assert values[0] is not None
            return wide.curve(site, values[0], tanh=False)
        return super().quantized(site, values)

    def pack(self, site: Site) -> list[Call]:
        return wide.curve_call(site, tanh=False) if wide.is_wide(site) else super().pack(site)

    def results(self, site: Site, q: Array) -> Array:
        x = site.input(0)
        if site.output.scale != 1 / 256 or site.output.zero_point != -128:
            raise site.unsupported("an output scale other than 1/256 with zero point -128")
        mult, shift = multiplier(x.scale * (1 << (31 - INPUT_BITS)))
        radius = input_radius(INPUT_BITS, shift)
        centred = q - x.zero_point
        inside = np.clip(centred, -radius, radius)
        y = logistic(requantize(inside, mult, shift), INPUT_BITS)
        result = np.clip(div_pot(y, 31 - 8) - 128, -128, 127)
        return np.where(centred <= -radius, -128, np.where(centred >= radius, 127, result))
