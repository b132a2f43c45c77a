# SPDX-License-Identifier: Apache-2.0
"""CEIL: rounded up, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.float_unary import FloatUnary


class Ceil(FloatUnary):
    """The reference is kernels/ceil.cc."""

    name = "CEIL"
    float_code = "EI_CEIL"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            return np.asarray(np.ceil(values[0]))
