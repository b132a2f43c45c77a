# SPDX-License-Identifier: Apache-2.0
"""LOGISTIC: 1 / (1 + exp(−x))."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array, Quant
from edgeinfer.numerics import float_functions
from edgeinfer.numerics.fixed_point import Ints
from edgeinfer.numerics.functions import logistic
from edgeinfer.ops.base import QuantRule, Site
from edgeinfer.ops.curve import INPUT_BITS, Curve


class Logistic(Curve):
    """The int8 reference is Logistic (kernels/internal/reference/integer_ops/logistic.h)."""

    name = "LOGISTIC"
    float_code = "EI_LOGISTIC"
    rule = QuantRule(fixed_output=Quant.per_tensor(1 / 256, -128))

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            return float_functions.logistic(values[0])

    def fixed(self, x: Ints) -> Ints:
        return logistic(x, INPUT_BITS)
