# SPDX-License-Identifier: Apache-2.0
"""COS: the cosine, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

from edgeinfer.graph import Array
from edgeinfer.numerics import float_functions
from edgeinfer.ops.float_unary import FloatUnary


class Cos(FloatUnary):
    """The reference is kernels/elementwise.cc."""

    name = "COS"
    float_code = "EI_COS"

    def function(self, x: Array) -> Array:
        return float_functions.cos(x)
