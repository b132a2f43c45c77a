# SPDX-License-Identifier: Apache-2.0
"""LOG: the natural logarithm."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics import float_functions
from edgeinfer.ops.base import Site
from edgeinfer.ops.float_table import FloatTable


class Log(FloatTable):
    """The reference is kernels/elementwise.cc, for int8 that of today: 2.14 has float32 only."""

    name = "LOG"
    float_code = "EI_LOG"

    def function(self, site: Site, x: Array) -> Array:
        y = site.output
        least = np.float32(-128 - y.zero_point) * np.float32(y.scale)
        return np.where(x <= 0, least, np.log(x.astype(np.float64)))

    def curve(self, site: Site, x: Array) -> Array:
        return float_functions.log(x)
