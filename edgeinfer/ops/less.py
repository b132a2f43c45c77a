# SPDX-License-Identifier: Apache-2.0
"""LESS: a < b, with broadcasting."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.comparison import Comparison


class Less(Comparison):
    """See `Comparison`."""

    name = "LESS"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.asarray(a < b)
