# SPDX-License-Identifier: Apache-2.0
"""GELU: x times the normal distribution at x."""

from __future__ import annotations

import math

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics import float_functions
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.float_table import FloatTable
from edgeinfer.ops.float_unary import float_call

ROOT = np.float32(math.sqrt(2 / math.pi))


class Gelu(FloatTable):
    """The reference is Gelu (kernels/internal/reference/gelu.h)."""

    name = "GELU"
    float_code = "EI_GELU"

    def function(self, site: Site, x: Array) -> Array:
        if site.option("approximate", False):
            cubic = np.float32(0.044715) * x * x * x
            inner = (ROOT * (x + cubic)).astype(np.float64)
            return np.asarray(np.float32(0.5) * x * (1 + np.tanh(inner).astype(np.float32)))
        inner = x * np.float32(-math.sqrt(0.5))
        tail = np.array([math.erfc(float(v)) for v in inner.reshape(-1)]).reshape(x.shape)
        return np.asarray(np.float32(0.5) * x * tail.astype(np.float32))

    def curve(self, site: Site, x: Array) -> Array:
        half = np.float32(0.5) * x
        if site.option("approximate", False):
            inner = ROOT * (x + np.float32(0.044715) * x * x * x)
            return half * (np.float32(1) + float_functions.tanh(inner))
        return half * float_functions.erfc(x * np.float32(-math.sqrt(0.5)))

    def float_call(self, site: Site) -> Call:
        return float_call(site, "EI_GELU_TANH" if site.option("approximate") else "EI_GELU")
