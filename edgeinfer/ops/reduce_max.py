# SPDX-License-Identifier: Apache-2.0
"""REDUCE_MAX: the largest along dimensions."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.reduction import Extreme


class ReduceMax(Extreme):
    """The reference is ReduceGeneric (kernels/internal/reference/reduce.h)."""

    name = "REDUCE_MAX"

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(x.max(axes, keepdims=keep))
