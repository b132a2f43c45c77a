# SPDX-License-Identifier: Apache-2.0
"""RSQRT: 1 / √x."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier, requantize
from edgeinfer.numerics.functions import inverse_root
from edgeinfer.ops.base import Site
from edgeinfer.ops.table import Table

SHIFT = 20  # keeps the fraction in the integer


class Rsqrt(Table):
    """The int8 reference is RsqrtEvalQuantized (kernels/elementwise.cc).

    It refuses inputs below zero when it meets them; here they give the largest value, as zero."""

    name = "RSQRT"
    float_code = "EI_RSQRT"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            return np.float32(1) / np.sqrt(values[0].astype(np.float32))

    def results(self, site: Site, q: Array) -> Array:
        x, y = site.input(0), site.output
        # A product, not √x · scale of both, as SetRsqrtOutputMultiplier has it.
        mult, shift = multiplier(1 / (np.sqrt(float(x.scale)) * y.scale))
        found = []
        for value in q.reshape(-1) - x.zero_point:
            root, power = inverse_root(int(value))
            scaled = requantize(np.asarray(1), root, power + SHIFT)
            result = int(requantize(scaled, mult, shift - SHIFT)) + y.zero_point
            found.append(127 if value <= 0 else min(max(result, -128), 127))
        return np.array(found, np.int64).reshape(q.shape)
