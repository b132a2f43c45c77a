# SPDX-License-Identifier: Apache-2.0
"""DEQUANTIZE: integers to float, and constants of float16."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.broadcast import dtype_code


class Dequantize(Op):
    """The reference is Dequantize (kernels/internal/reference/dequantize.h)."""

    name = "DEQUANTIZE"

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        centred = (values[0].astype(np.int32) - site.input(0).zero_point).astype(np.float32)
        return np.float32(site.input(0).scale) * centred

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        assert values[0] is not None
        if site.input(0).dtype == np.float16:
            return [values[0].astype(np.float32)]
        return [self.quantized(site, values)]

    def pack(self, site: Site) -> list[Call]:
        known = str(site.input(0).dtype) in ("int8", "uint8", "int16")
        if not known or site.output.dtype != np.float32:
            raise site.unsupported(f"DEQUANTIZE from {site.input(0).dtype}")
        params = {
            "scale": site.input(0).scale,
            "zero_point": site.input(0).zero_point,
            "row": site.output.size,
            "type": dtype_code(site, 0),
        }
        return [Call("dequantize", params, (site.in_ref(0),), site.out_ref())]
