# SPDX-License-Identifier: Apache-2.0
"""CEIL: rounded up, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.float_unary import FloatUnary


class Ceil(FloatUnary):
    """The reference is kernels/ceil.cc."""

    name = "CEIL"
    float_code = "EI_CEIL"

    def function(self, x: Array) -> Array:
        return np.asarray(np.ceil(x))
