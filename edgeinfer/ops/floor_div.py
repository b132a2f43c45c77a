# SPDX-License-Identifier: Apache-2.0
"""FLOOR_DIV: the quotient rounded down; an integer by zero is 0, with broadcasting."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.arithmetic import Arithmetic
from edgeinfer.ops.base import Site


class FloorDiv(Arithmetic):
    """The reference is kernels/internal/reference/floor_div.h."""

    name = "FLOOR_DIV"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        if a.dtype == np.float32:
            return np.floor(a / b)
        return np.where(b == 0, 0, a // np.where(b == 0, 1, b))
