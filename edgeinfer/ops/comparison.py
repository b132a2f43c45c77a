# SPDX-License-Identifier: Apache-2.0
"""Comparisons of two tensors: booleans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import div_pot, mul_high, multiplier
from edgeinfer.ops.arithmetic import Arithmetic
from edgeinfer.ops.base import Site

LEFT_SHIFT = 8


class Comparison(Arithmetic):
    """The references are in kernels/internal/reference/comparisons.h.

    Quantized inputs are brought to the scale 2⁻⁸, with rounding, before they are compared."""

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        terms = []
        for position, value in enumerate(values[:2]):
            assert value is not None
            m, shift = self._multiplier(site, position)
            centred = (value.astype(np.int64) - site.input(position).zero_point) << LEFT_SHIFT
            terms.append(div_pot(mul_high(centred, m), -shift))
        return self.plain(site, *terms)

    def scaled_params(self, site: Site) -> Mapping[str, Any]:
        pairs = [self._multiplier(site, position) for position in (0, 1)]
        return {
            "left_shift": LEFT_SHIFT,
            "zero": [site.input(0).zero_point, site.input(1).zero_point],
            "mult": [m for m, _ in pairs],
            "shift": [shift for _, shift in pairs],
            "act_max": 1,
        }

    def scaled(self, site: Site) -> bool:
        # TFLite compares int16 as they are, whatever their scales.
        x = site.input(0)
        return x.quant is not None and x.dtype != np.int16 and super().scaled(site)

    @staticmethod
    def _multiplier(site: Site, position: int) -> tuple[int, int]:
        if site.input(position).scale >= 1:
            raise site.unsupported("comparing inputs of a scale of 1 or more")
        return multiplier(site.input(position).scale)
