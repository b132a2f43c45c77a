# SPDX-License-Identifier: Apache-2.0
"""SQUARED_DIFFERENCE: (a − b)², with broadcasting."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.rescaled import Rescaled


class SquaredDifference(Rescaled):
    """The int8 reference is SquaredDifference (kernels/squared_difference.cc); int16 is of TFLM."""

    name = "SQUARED_DIFFERENCE"
    wide_too = True

    def left_shift(self, site: Site) -> int:
        return 0 if site.input(0).dtype == np.int16 else 7

    def output_factor(self, site: Site, twice: float) -> float:
        # The shift times the scale is a float32 product there.
        below = float(np.float32(1 << 2 * self.left_shift(site)) * np.float32(site.output.scale))
        return twice * twice / below

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.asarray((a - b) * (a - b))
