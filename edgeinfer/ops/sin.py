# SPDX-License-Identifier: Apache-2.0
"""SIN: the sine, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

from edgeinfer.graph import Array
from edgeinfer.numerics import float_functions
from edgeinfer.ops.float_unary import FloatUnary


class Sin(FloatUnary):
    """The reference is kernels/elementwise.cc."""

    name = "SIN"
    float_code = "EI_SIN"

    def function(self, x: Array) -> Array:
        return float_functions.sin(x)
