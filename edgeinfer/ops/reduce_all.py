# SPDX-License-Identifier: Apache-2.0
"""REDUCE_ALL: whether all along dimensions are true."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.reduction import Reduction


class ReduceAll(Reduction):
    """The reference is ReduceGeneric (kernels/internal/reference/reduce.h)."""

    name = "REDUCE_ALL"

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return np.asarray(x.all(axes, keepdims=keep))
