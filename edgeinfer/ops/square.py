# SPDX-License-Identifier: Apache-2.0
"""SQUARE: the square, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.float_unary import FloatUnary


class Square(FloatUnary):
    """The reference is kernels/elementwise.cc."""

    name = "SQUARE"
    float_code = "EI_SQUARE"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            return np.asarray(values[0] * values[0])
