# SPDX-License-Identifier: Apache-2.0
"""SUM: the sum along dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier, requantize, wrap
from edgeinfer.ops.base import Site
from edgeinfer.ops.reduction import Reduction, in_order


class Sum(Reduction):
    """The quantized reference is QuantizedMeanOrSum (kernels/internal/reference/reduce.h).

    As TFLite Micro has it; in TFLite 2.14 that of SUM is broken on int8, and int16 wraps."""

    name = "SUM"

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return in_order(np.add, x, axes, keep)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        count = self.count(site)
        total = values[0].sum(self.axes(site), keepdims=self.keep(site), dtype=np.int64)
        centred = wrap(np.asarray(total - site.input(0).zero_point * count))
        return self.stored(site, requantize(centred, *self.multiplier(site, count)))

    def scaling(self, site: Site) -> dict[str, int]:
        if not self.scaled(site):
            return {}
        count = self.count(site)
        mult, shift = self.multiplier(site, count)
        bias = -site.input(0).zero_point * count
        return {"bias": bias, "mult": mult, "shift": shift, "out_zero": site.output.zero_point}

    @staticmethod
    def multiplier(site: Site, count: int) -> tuple[int, int]:
        """Multiplier and shift from the sum of `count` elements to the output."""
        return multiplier(site.input(0).scale / site.output.scale)
