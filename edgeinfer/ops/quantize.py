# SPDX-License-Identifier: Apache-2.0
"""QUANTIZE: float to integers, or integers to another type or scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier, requantize, round_away, wrap
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.broadcast import dtype_code
from edgeinfer.ops.requantized import requantize_call
from edgeinfer.ops.table import Table

INTEGERS = ("int8", "uint8", "int16", "int32")
FLOAT_INT32 = ("float32", "int32")


class Quantize(Table):
    """The references are AffineQuantize and Requantize (kernels/internal/reference/)."""

    name = "QUANTIZE"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, y = values[0], site.output
        assert x is not None
        scaled = round_away(x.astype(np.float32) / np.float32(y.scale))
        info = np.iinfo(y.dtype)
        q = np.clip(scaled.astype(np.float64) + y.zero_point, info.min, info.max)
        return np.nan_to_num(q, nan=info.max).astype(y.dtype)

    def results(self, site: Site, q: Array) -> Array:
        x, y = site.input(0), site.output
        zero = x.zero_point if x.quant is not None else 0
        scaled = requantize(q - zero, *_factor(site))
        info = np.iinfo(y.dtype)
        return np.clip(wrap(scaled + y.zero_point), info.min, info.max)

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        assert values[0] is not None
        self._types(site)
        if site.input(0).dtype == np.float32:
            return [self.float_(site, values)]
        if {site.input(0).dtype, site.output.dtype} == {np.dtype(np.int8)}:
            return [self.quantized(site, values)]
        return [self.results(site, values[0].astype(np.int64)).astype(site.output.dtype)]

    def pack(self, site: Site) -> list[Call]:
        pair = self._types(site)
        if pair == ("int8", "int8"):
            return super().pack(site)
        if pair[0] != "float32":
            info = np.iinfo(site.output.dtype)
            return [requantize_call(site, _factor(site), (int(info.min), int(info.max)))]
        params = {
            "scale": site.output.scale,
            "zero_point": site.output.zero_point,
            "row": site.output.size,
            "type": dtype_code(site),
        }
        return [Call("quantize", params, (site.in_ref(0),), site.out_ref(), inplace=(0,))]

    @staticmethod
    def _types(site: Site) -> tuple[str, str]:
        """The types of input and output. Raises UnsupportedError for others than these."""
        pair = (str(site.input(0).dtype), str(site.output.dtype))
        if pair[0] not in (*INTEGERS, "float32") or pair[1] not in INTEGERS or pair == FLOAT_INT32:
            raise site.unsupported(f"QUANTIZE from {pair[0]} to {pair[1]}")
        return pair


def _factor(site: Site) -> tuple[int, int]:
    """Multiplier and shift from the input to the output; TFLite takes a scale that lacks for 0."""
    x = site.input(0)
    return multiplier(x.scale / site.output.scale if x.quant is not None else 0.0)
