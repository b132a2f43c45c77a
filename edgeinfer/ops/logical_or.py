# SPDX-License-Identifier: Apache-2.0
"""LOGICAL_OR: either, with broadcasting."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.arithmetic import Arithmetic
from edgeinfer.ops.base import Site


class LogicalOr(Arithmetic):
    """The reference is kernels/logical.cc."""

    name = "LOGICAL_OR"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.asarray((a != 0) | (b != 0))
