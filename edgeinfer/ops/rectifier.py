# SPDX-License-Identifier: Apache-2.0
"""What RELU, RELU6 and their like share: clipping to a range of real numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import multiplier, requantize
from edgeinfer.graph import Array
from edgeinfer.ops import wide
from edgeinfer.ops.activation import quantized_range
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.float_unary import float_call
from edgeinfer.ops.requantized import requantize_call
from edgeinfer.ops.table import Table


class Rectifier(Table):
    """Clips to [low, high]."""

    low: float = 0.0
    high: float = np.inf
    float_code = "EI_CLIP"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.clip(values[0], np.float32(self.low), np.float32(self.high))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        if not wide.is_wide(site):
            return super().quantized(site, values)
        assert values[0] is not None
        return self.results(site, values[0].astype(np.int64)).astype(np.int16)

    def results(self, site: Site, q: Array) -> Array:
        scaled = requantize(q - site.input(0).zero_point, *self._multiplier(site))
        low, high = quantized_range(site.output, self.low, self.high)
        return np.clip(scaled + site.output.zero_point, low, high)

    def pack(self, site: Site) -> list[Call]:
        if not wide.is_wide(site):
            return super().pack(site)
        wide.require_int16(site, 0)
        bounds = quantized_range(site.output, self.low, self.high)
        return [requantize_call(site, *self._multiplier(site), *bounds)]

    def float_call(self, site: Site) -> Call:
        return float_call(site, "EI_CLIP", self.low, self.high)

    @staticmethod
    def _multiplier(site: Site) -> tuple[int, int]:
        """Of the ratio of scales, taken in float32 (ReluPrepare in TFLite)."""
        return multiplier(float(np.float32(site.input(0).scale) / np.float32(site.output.scale)))
