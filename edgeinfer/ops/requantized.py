# SPDX-License-Identifier: Apache-2.0
"""The kernel `requantize`: integers of one type and scale to another, clipped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import requantize
from edgeinfer.ops import wide
from edgeinfer.ops.activation import quantized_range
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.broadcast import dtype_code
from edgeinfer.ops.table import Table

Multiplier = tuple[int, int]  # Q31 and shift


def requantize_call(
    site: Site,
    above: Multiplier,
    limits: tuple[int, int],
    below: Multiplier | None = None,
    negated: bool = False,
) -> Call:
    """The call for an operator of one input, whose output lies within the limits.

    Below the zero point `below` counts, by default `above`, of the number or its opposite.
    Raises UnsupportedError for a type that images do not have."""
    x, y = site.input(0), site.output
    params = {
        "in_type": dtype_code(site, 0),
        "out_type": dtype_code(site),
        "count": y.size,
        "in_zero": x.zero_point if x.quant is not None else 0,
        "out_zero": y.zero_point,
        "mult": above[0],
        "shift": above[1],
        "below_mult": (below or above)[0],
        "below_shift": (below or above)[1],
        "below_negated": int(negated),
    }
    if y.dtype.itemsize < 4:  # the kernel does not clip int32
        params |= {"act_min": limits[0], "act_max": limits[1]}
    inplace = (0,) if x.dtype.itemsize >= y.dtype.itemsize else ()
    return Call("requantize", params, (site.in_ref(0),), site.out_ref(), inplace=inplace)


class Lines(Table):
    """A function of two straight lines that meet at 0, of int8 by table or of int16."""

    def slopes(self, site: Site) -> tuple[Multiplier, Multiplier, bool]:
        """Multipliers from 0 on and below, and whether the sign below is changed."""
        raise NotImplementedError

    def limits(self, site: Site) -> tuple[int, int]:
        """The least and largest output."""
        return quantized_range(site.output, -np.inf, np.inf)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        if not wide.is_wide(site):
            return super().quantized(site, values)
        assert values[0] is not None
        return self.results(site, values[0].astype(np.int64)).astype(np.int16)

    def results(self, site: Site, q: Array) -> Array:
        above, below, negated = self.slopes(site)
        x = q - site.input(0).zero_point
        lower = requantize(-x if negated else x, *below)
        y = np.where(x >= 0, requantize(x, *above), lower) + site.output.zero_point
        return np.clip(y, *self.limits(site))

    def pack(self, site: Site) -> list[Call]:
        if not wide.is_wide(site):
            return super().pack(site)
        wide.require_int16(site, 0)
        above, below, negated = self.slopes(site)
        return [requantize_call(site, above, self.limits(site), below, negated)]
