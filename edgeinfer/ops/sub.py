# SPDX-License-Identifier: Apache-2.0
"""SUB: element-wise difference, with broadcasting."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.rescaled import Rescaled


class Sub(Rescaled):
    """The int8 reference is SubElementwise (kernels/internal/reference/sub.h)."""

    name = "SUB"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.asarray(a - b)
