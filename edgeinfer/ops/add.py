# SPDX-License-Identifier: Apache-2.0
"""ADD: element-wise sum of two tensors, with broadcasting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer.fixed_point import Ints, div_pot, mul_high, multiplier, wrap
from edgeinfer.graph import Array
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.arithmetic import Arithmetic, quantized_params
from edgeinfer.ops.base import Call, Site

LEFT_SHIFT = 20


class Add(Arithmetic):
    """The int8 reference is AddElementwise (kernels/internal/reference/integer_ops/add.h)."""

    name = "ADD"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.asarray(a + b)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        first, second, output = self._multipliers(site)
        terms: list[Ints] = []
        for value, tensor, (m, shift) in zip(
            values, (site.input(0), site.input(1)), (first, second), strict=True
        ):
            assert value is not None
            centred = (value.astype(np.int64) - tensor.zero_point) << LEFT_SHIFT
            terms.append(div_pot(mul_high(centred, m), -shift))
        total = div_pot(mul_high(wrap(terms[0] + terms[1]), output[0]), -output[1])
        return np.clip(total + site.output.zero_point, *int8_range(site)).astype(np.int8)

    def int8_params(self, site: Site) -> Mapping[str, Any]:
        site.require_int8(0, 1)
        first, second, output = self._multipliers(site)
        return quantized_params(
            site,
            left_shift=LEFT_SHIFT,
            mult=[first[0], second[0]],
            shift=[first[1], second[1]],
            out_mult=output[0],
            out_shift=output[1],
        )

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype != np.int8 or self.merged(site) > 4:
            return super().pack(site)
        site.require_int8(0, 1)
        first, second, output = self._multipliers(site)
        low, high = int8_range(site)
        params = {
            "zero": [site.input(0).zero_point, site.input(1).zero_point],
            "mult": [first[0], second[0]],
            "shift": [first[1], second[1]],
            "out_mult": output[0],
            "out_shift": output[1],
            "out_zero": site.output.zero_point,
            "act_min": low,
            "act_max": high,
        }
        return [self.call(site, params)]

    @staticmethod
    def _multipliers(site: Site) -> list[tuple[int, int]]:
        """Multiplier and shift of both inputs and the output (PrepareGeneralAddOp in TFLite)."""
        a, b, out = site.input(0).scale, site.input(1).scale, site.output.scale
        twice = 2 * max(a, b)
        return [multiplier(s) for s in (a / twice, b / twice, twice / ((1 << LEFT_SHIFT) * out))]
