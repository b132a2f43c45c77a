# SPDX-License-Identifier: Apache-2.0
"""ABS: the absolute value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import multiplier, requantize
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.table import Table


class Abs(Table):
    """The int8 reference is AbsEvalQuantized (kernels/elementwise.cc)."""

    name = "ABS"
    float_code = "EI_ABS"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.asarray(np.abs(values[0]))

    def results(self, site: Site, q: Array) -> Array:
        x, y = site.input(0), site.output
        size: Array = np.abs(q - x.zero_point)
        if x.scale != y.scale:
            size = requantize(size, *multiplier(x.scale / y.scale))
        return np.asarray(np.clip(size + y.zero_point, -128, 127))
