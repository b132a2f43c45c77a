# SPDX-License-Identifier: Apache-2.0
"""TANH: hyperbolic tangent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array, Quant
from edgeinfer.numerics import float_functions
from edgeinfer.numerics.fixed_point import Ints
from edgeinfer.numerics.functions import tanh
from edgeinfer.ops.base import QuantRule, Site
from edgeinfer.ops.curve import INPUT_BITS, Curve


class Tanh(Curve):
    """The int8 reference is Tanh (kernels/internal/reference/integer_ops/tanh.h)."""

    name = "TANH"
    float_code = "EI_TANH"
    rule = QuantRule(fixed_output=Quant.per_tensor(1 / 128, 0))
    tanh = True

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            return float_functions.tanh(values[0])

    def fixed(self, x: Ints) -> Ints:
        return tanh(x, INPUT_BITS)
