# SPDX-License-Identifier: Apache-2.0
"""EXP: e to the power of x."""

from __future__ import annotations

import numpy as np

from edgeinfer import float_functions
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.float_table import FloatTable


class Exp(FloatTable):
    """The reference is kernels/exp.cc."""

    name = "EXP"
    float_code = "EI_EXP"

    def function(self, site: Site, x: Array) -> Array:
        return np.exp(x.astype(np.float64))

    def curve(self, site: Site, x: Array) -> Array:
        return float_functions.exp(x)
