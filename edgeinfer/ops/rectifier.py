# SPDX-License-Identifier: Apache-2.0
"""What RELU, RELU6 and their like share: clipping to a range of real numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier
from edgeinfer.ops.activation import quantized_range
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.float_unary import float_call
from edgeinfer.ops.requantized import Lines, Multiplier


class Rectifier(Lines):
    """Clips to [low, high]."""

    low: float = 0.0
    high: float = np.inf
    float_code = "EI_CLIP"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.clip(values[0], np.float32(self.low), np.float32(self.high))

    def slopes(self, site: Site) -> tuple[Multiplier, Multiplier, bool]:
        # The ratio of scales in float32, as ReluPrepare in TFLite takes it.
        ratio = np.float32(site.input(0).scale) / np.float32(site.output.scale)
        slope = multiplier(float(ratio))
        return slope, slope, False

    def limits(self, site: Site) -> tuple[int, int]:
        return quantized_range(site.output, self.low, self.high)

    def float_call(self, site: Site) -> Call:
        return float_call(site, "EI_CLIP", self.low, self.high)
