# SPDX-License-Identifier: Apache-2.0
"""MINIMUM: the smaller of two elements, with broadcasting."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.arithmetic import Arithmetic
from edgeinfer.ops.base import QuantRule, Site


class Minimum(Arithmetic):
    """The reference is kernels/internal/reference/maximum_minimum.h."""

    name = "MINIMUM"
    rule = QuantRule(same_scale=True)

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.where(a < b, a, b)
