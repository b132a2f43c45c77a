# SPDX-License-Identifier: Apache-2.0
"""ROUND: rounded, halves to even, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.float_unary import FloatUnary


class Round(FloatUnary):
    """The reference is kernels/round.cc."""

    name = "ROUND"
    float_code = "EI_ROUND"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            whole = np.rint(values[0])
            # TFLite's gives no negative zero for negative numbers.
            return np.where((whole == 0) & (values[0] < 0), np.float32(0), whole)
