# SPDX-License-Identifier: Apache-2.0
"""ROUND: rounded, halves to even, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.float_unary import FloatUnary


class Round(FloatUnary):
    """The reference is kernels/round.cc."""

    name = "ROUND"
    float_code = "EI_ROUND"

    def function(self, x: Array) -> Array:
        whole = np.rint(x)
        # TFLite's gives no negative zero for negative numbers.
        return np.where((whole == 0) & (x < 0), np.float32(0), whole)
