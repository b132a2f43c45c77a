# SPDX-License-Identifier: Apache-2.0
"""ELU: x, below zero exp(x) − 1."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics import float_functions
from edgeinfer.ops.base import Site
from edgeinfer.ops.float_table import FloatTable


class Elu(FloatTable):
    """The reference is kernels/activations.cc."""

    name = "ELU"
    float_code = "EI_ELU"

    def function(self, site: Site, x: Array) -> Array:
        return np.where(x < 0, np.expm1(x.astype(np.float64)), x)

    def curve(self, site: Site, x: Array) -> Array:
        return np.where(x < 0, float_functions.expm1(x), x)
