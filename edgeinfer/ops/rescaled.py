# SPDX-License-Identifier: Apache-2.0
"""Operations on int8 or int16 inputs that are brought to one scale: twice the larger of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, div_pot, mul_high, multiplier, requantize, wrap
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.arithmetic import Arithmetic, quantized_params
from edgeinfer.ops.base import Site


class Rescaled(Arithmetic):
    """As PrepareGeneralSubOp in TFLite (kernels/sub.cc): scaled inputs, then the output's scale."""

    def left_shift(self, site: Site) -> int:
        """Of the inputs, before they are scaled."""
        return 15 if site.input(0).dtype == np.int16 else 20

    def output_factor(self, site: Site, twice: float) -> float:
        """From the combined scale to the output's; `twice` is that of both inputs."""
        return twice / ((1 << self.left_shift(site)) * site.output.scale)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        first, second, output = self._multipliers(site)
        terms: list[Ints] = []
        for value, tensor, (m, shift) in zip(
            values, (site.input(0), site.input(1)), (first, second), strict=True
        ):
            assert value is not None
            centred = (value.astype(np.int64) - tensor.zero_point) << self.left_shift(site)
            terms.append(div_pot(mul_high(centred, m), -shift))
        total = requantize(wrap(self.plain(site, *terms)), *output) + site.output.zero_point
        return np.clip(total, *int8_range(site)).astype(site.output.dtype)

    def scaled_params(self, site: Site) -> Mapping[str, Any]:
        first, second, output = self._multipliers(site)
        return quantized_params(
            site,
            left_shift=self.left_shift(site),
            mult=[first[0], second[0]],
            shift=[first[1], second[1]],
            out_mult=output[0],
            out_shift=output[1],
        )

    def _multipliers(self, site: Site) -> list[tuple[int, int]]:
        a, b = site.input(0).scale, site.input(1).scale
        twice = 2 * max(a, b)
        found = [multiplier(s) for s in (a / twice, b / twice, self.output_factor(site, twice))]
        if found[2][1] > 0:  # nor does TFLite (QuantizeMultiplierSmallerThanOneExp)
            raise site.unsupported(f"an output scale {site.output.scale} so far below the inputs'")
        return found
