# SPDX-License-Identifier: Apache-2.0
"""FLOOR: rounded down, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.float_unary import FloatUnary


class Floor(FloatUnary):
    """The reference is kernels/floor.cc."""

    name = "FLOOR"
    float_code = "EI_FLOOR"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            return np.asarray(np.floor(values[0]))
