# SPDX-License-Identifier: Apache-2.0
"""REDUCE_ANY: whether any along dimensions is true."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.reduction import Reduction


class ReduceAny(Reduction):
    """The reference is ReduceGeneric (kernels/internal/reference/reduce.h)."""

    name = "REDUCE_ANY"

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(x.any(axes, keepdims=keep))
