# SPDX-License-Identifier: Apache-2.0
"""ABS: the absolute value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.int_unary import int_call
from edgeinfer.ops.requantized import Lines, Multiplier


class Abs(Lines):
    """The quantized reference is AbsEvalQuantized (kernels/elementwise.cc)."""

    name = "ABS"
    float_code = "EI_ABS"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.asarray(np.abs(values[0]))

    def slopes(self, site: Site) -> tuple[Multiplier, Multiplier, bool]:
        ratio = np.float32(site.input(0).scale) / np.float32(site.output.scale)
        slope = multiplier(float(ratio))
        return slope, slope, True

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype == site.output.dtype == np.int32:
            return [int_call(site, "ABS")]
        return super().pack(site)
