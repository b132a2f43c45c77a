# SPDX-License-Identifier: Apache-2.0
"""LEAKY_RELU: x, below zero x times a small constant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.float_unary import float_call
from edgeinfer.ops.requantized import Lines, Multiplier


class LeakyRelu(Lines):
    """The quantized reference is QuantizeLeakyRelu (kernels/internal/reference/leaky_relu.h)."""

    name = "LEAKY_RELU"
    float_code = "EI_LEAKY"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.where(values[0] > 0, values[0], values[0] * np.float32(site.option("alpha")))

    def slopes(self, site: Site) -> tuple[Multiplier, Multiplier, bool]:
        x, y = np.float32(site.input(0).scale), np.float32(site.output.scale)
        flat = float(x * np.float32(site.option("alpha")) / y)
        return multiplier(float(x / y)), multiplier(abs(flat)), flat < 0

    def float_call(self, site: Site) -> Call:
        return float_call(site, self.float_code, float(site.option("alpha")))
