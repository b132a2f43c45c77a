# SPDX-License-Identifier: Apache-2.0
"""NEG: the negative, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.float_unary import FloatUnary


class Neg(FloatUnary):
    """The reference is kernels/neg.cc."""

    name = "NEG"
    float_code = "EI_NEG"

    def function(self, x: Array) -> Array:
        return np.asarray(-x)
