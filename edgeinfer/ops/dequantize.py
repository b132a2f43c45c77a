# SPDX-License-Identifier: Apache-2.0
"""DEQUANTIZE: int8 to float."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, Site


class Dequantize(Op):
    """The reference is Dequantize (kernels/internal/reference/dequantize.h)."""

    name = "DEQUANTIZE"

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        centred = (values[0].astype(np.int32) - site.input(0).zero_point).astype(np.float32)
        return np.float32(site.input(0).scale) * centred

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype != np.int8 or site.output.dtype != np.float32:
            raise site.unsupported(f"DEQUANTIZE from {site.input(0).dtype}")
        params = {
            "scale": site.input(0).scale,
            "zero_point": site.input(0).zero_point,
            "row": site.output.size,
        }
        return [Call("dequantize", params, (site.in_ref(0),), site.out_ref())]
