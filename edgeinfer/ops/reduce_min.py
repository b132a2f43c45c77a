# SPDX-License-Identifier: Apache-2.0
"""REDUCE_MIN: the smallest along dimensions."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.reduction import Extreme


class ReduceMin(Extreme):
    """The reference is ReduceGeneric (kernels/internal/reference/reduce.h)."""

    name = "REDUCE_MIN"

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(x.min(axes, keepdims=keep))
