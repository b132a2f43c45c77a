# SPDX-License-Identifier: Apache-2.0
"""FLOOR_MOD: the rest, of the divisor's sign; an integer by zero is 0, with broadcasting."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.arithmetic import Arithmetic
from edgeinfer.ops.base import Site


class FloorMod(Arithmetic):
    """The reference is kernels/internal/reference/floor_mod.h."""

    name = "FLOOR_MOD"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        rest = np.fmod(a, np.where(b == 0, 1, b)) if a.dtype != np.float32 else np.fmod(a, b)
        rest = np.where((rest != 0) & ((b < 0) != (rest < 0)), rest + b, rest)
        return rest if a.dtype == np.float32 else np.where(b == 0, 0, rest)
