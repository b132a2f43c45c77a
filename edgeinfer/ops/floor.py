# SPDX-License-Identifier: Apache-2.0
"""FLOOR: rounded down, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.float_unary import FloatUnary


class Floor(FloatUnary):
    """The reference is kernels/floor.cc."""

    name = "FLOOR"
    float_code = "EI_FLOOR"

    def function(self, x: Array) -> Array:
        return np.asarray(np.floor(x))
