# SPDX-License-Identifier: Apache-2.0
"""MUL: element-wise product of two tensors, with broadcasting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier, requantize
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.arithmetic import Arithmetic, quantized_params
from edgeinfer.ops.base import Call, Site


class Mul(Arithmetic):
    """The int8 reference is MulElementwise (kernels/internal/reference/integer_ops/mul.h)."""

    name = "MUL"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.asarray(a * b)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        a, b = values[0], values[1]
        assert a is not None and b is not None
        product = (a.astype(np.int64) - site.input(0).zero_point) * (
            b.astype(np.int64) - site.input(1).zero_point
        )
        q = requantize(product, *self._multiplier(site)) + site.output.zero_point
        return np.clip(q, *int8_range(site)).astype(site.output.dtype)

    def scaled_params(self, site: Site) -> Mapping[str, Any]:
        mult, shift = self._multiplier(site)
        return quantized_params(site, out_mult=mult, out_shift=shift)

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype != np.int8 or self.merged(site) > 4:
            return super().pack(site)
        site.require_int8(0, 1)
        mult, shift = self._multiplier(site)
        return [self.call(site, quantized_params(site, mult=mult, shift=shift))]

    @staticmethod
    def _multiplier(site: Site) -> tuple[int, int]:
        """As Prepare in TFLite (kernels/mul.cc), which computes the scale in float."""
        a, b = np.float32(site.input(0).scale), np.float32(site.input(1).scale)
        return multiplier(float(a * b / np.float32(site.output.scale)))
