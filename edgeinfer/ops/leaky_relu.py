# SPDX-License-Identifier: Apache-2.0
"""LEAKY_RELU: x, below zero x times a small constant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import multiplier, requantize
from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.float_unary import float_call
from edgeinfer.ops.table import Table


class LeakyRelu(Table):
    """The int8 reference is QuantizeLeakyRelu (kernels/internal/reference/leaky_relu.h)."""

    name = "LEAKY_RELU"
    float_code = "EI_LEAKY"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.where(values[0] > 0, values[0], values[0] * np.float32(site.option("alpha")))

    def results(self, site: Site, q: Array) -> Array:
        x, y = site.input(0), site.output
        alpha = np.float32(site.option("alpha"))
        steep = float(np.float32(x.scale) / np.float32(y.scale))
        flat = float(np.float32(x.scale) * alpha / np.float32(y.scale))
        mult, shift = multiplier(abs(flat))
        mult = -mult if flat < 0 else mult
        centred = q - x.zero_point
        positive = requantize(centred, *multiplier(steep))
        negative = requantize(centred, mult, shift)
        return np.clip(np.where(centred >= 0, positive, negative) + y.zero_point, -128, 127)

    def float_call(self, site: Site) -> Call:
        return float_call(site, self.float_code, float(site.option("alpha")))
