# SPDX-License-Identifier: Apache-2.0
"""NEG: the negative, of float32 (TFLite has no int8 kernel)."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.float_unary import FloatUnary
from edgeinfer.ops.int_unary import int_call


class Neg(FloatUnary):
    """The reference is kernels/neg.cc."""

    name = "NEG"
    float_code = "EI_NEG"

    def function(self, x: Array) -> Array:
        return np.asarray(-x)

    def pack(self, site: Site) -> list[Call]:
        dtype = site.input(0).dtype
        if dtype == site.output.dtype and dtype in (np.int32, np.int64):
            return [int_call(site, "NEG")]
        return super().pack(site)
