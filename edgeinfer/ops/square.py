# SPDX-License-Identifier: Apache-2.0
"""SQUARE: the square, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.float_unary import FloatUnary


class Square(FloatUnary):
    """The reference is kernels/elementwise.cc."""

    name = "SQUARE"
    float_code = "EI_SQUARE"

    def function(self, x: Array) -> Array:
        return np.asarray(x * x)
