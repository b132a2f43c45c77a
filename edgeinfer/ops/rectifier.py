# SPDX-License-Identifier: Apache-2.0
"""What RELU, RELU6 and their like share: clipping to a range of real numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import multiplier, requantize
from edgeinfer.graph import Array
from edgeinfer.ops import wide
from edgeinfer.ops.activation import quantize_value
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.float_unary import float_call
from edgeinfer.ops.table import Table


class Rectifier(Table):
    """Clips to [low, high]; a bound of None is none."""

    low: float = 0.0
    high: float | None = None
    float_code = "EI_CLIP"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.clip(values[0], np.float32(self.low), self.high)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        if wide.is_wide(site):
            assert values[0] is not None
            return wide.rescaled(site, values[0], *self._wide(site))
        return super().quantized(site, values)

    def pack(self, site: Site) -> list[Call]:
        if not wide.is_wide(site):
            return super().pack(site)
        wide.require_int16(site, 0)
        return wide.rescale(site, *self._wide(site))

    def _wide(self, site: Site) -> tuple[tuple[int, int], tuple[int, int], int, int]:
        """Multipliers and bounds of int16 (ReluEval, kernels/activations.cc)."""
        ratio = float(np.float32(site.input(0).scale) / np.float32(site.output.scale))
        low = max(-32768, quantize_value(self.low, site.output))
        high = 32767 if self.high is None else min(32767, quantize_value(self.high, site.output))
        return multiplier(ratio), multiplier(ratio), low, high

    def results(self, site: Site, q: Array) -> Array:
        x, y = site.input(0), site.output
        low = max(-128, quantize_value(self.low, y))
        high = 127 if self.high is None else min(127, quantize_value(self.high, y))
        # The ratio of scales is taken in float32 (ReluPrepare in TFLite).
        ratio = float(np.float32(x.scale) / np.float32(y.scale))
        scaled = requantize(q - x.zero_point, *multiplier(ratio))
        return np.clip(scaled + y.zero_point, low, high)

    def float_call(self, site: Site) -> Call:
        return float_call(site, "EI_CLIP", self.low, np.inf if self.high is None else self.high)
