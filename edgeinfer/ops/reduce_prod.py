# SPDX-License-Identifier: Apache-2.0
"""REDUCE_PROD: the product along dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier
from edgeinfer.ops import wide
from edgeinfer.ops.base import Site
from edgeinfer.ops.reduction import Reduction, in_order


class ReduceProd(Reduction):
    """The quantized reference is QuantizedReduceProd (kernels/internal/reference/reduce.h)."""

    name = "REDUCE_PROD"

    def combine(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return in_order(np.multiply, x, axes, keep)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        if not self.scaled(site):
            return self.float_(site, values)
        scale, axes = self._multiplier(site), self.axes(site)
        x = values[0].astype(np.int64) - site.input(0).zero_point
        front = np.moveaxis(x, axes, range(len(axes)))
        factors = front.reshape(-1, *front.shape[len(axes) :])
        product = factors[0]
        for factor in factors[1:]:
            product = wide.requantize_wide(product * factor, *scale)
        result = self.stored(site, wide.requantize_wide(product, *scale))
        return np.expand_dims(result, axes) if self.keep(site) else result

    def scaling(self, site: Site) -> dict[str, int]:
        if not self.scaled(site):
            return {}
        mult, shift = self._multiplier(site)
        bias = -site.input(0).zero_point
        return {"bias": bias, "mult": mult, "shift": shift, "out_zero": site.output.zero_point}

    def _multiplier(self, site: Site) -> tuple[int, int]:
        """As GetQuantProdScaling in TFLite (kernels/reduce.cc): a part of the output's scale goes
        into each factor."""
        root = site.output.scale ** (1 / self.count(site))
        mult, shift = multiplier(site.input(0).scale / root)
        wide.check_shifts(site, shift)
        return mult, shift
