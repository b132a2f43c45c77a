# SPDX-License-Identifier: Apache-2.0
"""QUANTIZE: float to int8, or int8 to int8 of another scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.fixed_point import multiplier, requantize, round_away
from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.table import Table


class Quantize(Table):
    """The references are AffineQuantize and Requantize (kernels/internal/reference/)."""

    name = "QUANTIZE"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, y = values[0], site.output
        assert x is not None
        scaled = round_away(x.astype(np.float32) / np.float32(y.scale))
        q = np.clip(scaled.astype(np.float64) + y.zero_point, -128, 127)
        return np.nan_to_num(q, nan=127).astype(np.int8)

    def results(self, site: Site, q: Array) -> Array:
        x, y = site.input(0), site.output
        scaled = requantize(q - x.zero_point, *multiplier(x.scale / y.scale))
        return np.clip(scaled + y.zero_point, -128, 127)

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        quantized = site.input(0).dtype == np.int8
        return [self.quantized(site, values) if quantized else self.float_(site, values)]

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype == np.int8:
            return super().pack(site)
        if site.input(0).dtype != np.float32 or site.output.dtype != np.int8:
            raise site.unsupported(f"QUANTIZE from {site.input(0).dtype} to {site.output.dtype}")
        params = {
            "scale": site.output.scale,
            "zero_point": site.output.zero_point,
            "row": site.output.size,
        }
        return [Call("quantize", params, (site.in_ref(0),), site.out_ref(), inplace=(0,))]
