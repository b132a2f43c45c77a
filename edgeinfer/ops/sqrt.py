# SPDX-License-Identifier: Apache-2.0
"""SQRT: the square root, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.float_unary import FloatUnary


class Sqrt(FloatUnary):
    """The reference is kernels/elementwise.cc."""

    name = "SQRT"
    float_code = "EI_SQRT"

    def function(self, x: Array) -> Array:
        return np.asarray(np.sqrt(x))
