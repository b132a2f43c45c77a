# SPDX-License-Identifier: Apache-2.0
"""SUM: the sum along dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import multiplier, requantize, wrap
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.reduction import Reduction


class Sum(Reduction):
    """The int8 reference is QuantizedMeanOrSum (kernels/internal/reference/reduce.h).

    As TFLite Micro has it today; in TFLite 2.14 the reference kernel of SUM on int8 is broken."""

    name = "SUM"

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return ordered_sum(x, axes, keep)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        count = self.count(site)
        total = values[0].sum(self.axes(site), keepdims=self.keep(site), dtype=np.int64)
        centred = wrap(np.asarray(total - site.input(0).zero_point * count))
        q = requantize(centred, *self.multiplier(site, count)) + site.output.zero_point
        return np.clip(q, -128, 127).astype(np.int8)

    def scaling(self, site: Site) -> dict[str, int]:
        if site.output.dtype != np.int8:
            return {}
        count = self.count(site)
        mult, shift = self.multiplier(site, count)
        bias = -site.input(0).zero_point * count
        return {"bias": bias, "mult": mult, "shift": shift, "out_zero": site.output.zero_point}

    def count(self, site: Site) -> int:
        """How many elements become one."""
        return math.prod(site.input(0).shape[a] for a in self.axes(site))

    @staticmethod
    def multiplier(site: Site, count: int) -> tuple[int, int]:
        """Multiplier and shift from the sum of `count` elements to the output."""
        return multiplier(site.input(0).scale / site.output.scale)


def ordered_sum(x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    """The sum; of float32 in the order of the elements, as numpy's own is not."""
    if x.dtype != np.float32:
        return np.asarray(x.sum(axes, keepdims=keep, dtype=x.dtype))
    front = np.moveaxis(x, axes, range(len(axes)))
    flat = front.reshape(-1, *front.shape[len(axes) :])
    total = np.zeros(flat.shape[1:], np.float32)
    for part in flat:
        total = total + part
    return np.expand_dims(total, axes) if keep else total
