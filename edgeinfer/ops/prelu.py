# SPDX-License-Identifier: Apache-2.0
"""PRELU: x, below zero x times a constant of its own for each channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier, requantize
from edgeinfer.ops.arithmetic import Arithmetic, quantized_params
from edgeinfer.ops.base import Site


class Prelu(Arithmetic):
    """The int8 reference is Prelu (kernels/internal/reference/prelu.h)."""

    name = "PRELU"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.where(a >= 0, a, a * b)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        a, b = (
            v.astype(np.int64) - site.input(i).zero_point
            for i, v in enumerate(values)
            if v is not None
        )
        identity, slope = self._multipliers(site)
        q = np.where(a >= 0, requantize(a, *identity), requantize(a * b, *slope))
        return np.clip(q + site.output.zero_point, -128, 127).astype(np.int8)

    def scaled_params(self, site: Site) -> Mapping[str, Any]:
        pairs = self._multipliers(site)
        return quantized_params(site, mult=[m for m, _ in pairs], shift=[s for _, s in pairs])

    @staticmethod
    def _multipliers(site: Site) -> list[tuple[int, int]]:
        """As PreluPrepare in TFLite (kernels/activations.cc), which computes in float32."""
        x, alpha, out = (np.float32(t.scale) for t in (site.input(0), site.input(1), site.output))
        return [multiplier(float(x / out)), multiplier(float(x * alpha / out))]
