# SPDX-License-Identifier: Apache-2.0
"""EXP: e to the power of x."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics import float_functions
from edgeinfer.ops import wide
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.float_table import FloatTable
from edgeinfer.ops.points import looked_up, points


class Exp(FloatTable):
    """The reference is kernels/exp.cc."""

    name = "EXP"
    float_code = "EI_EXP"

    def function(self, site: Site, x: Array) -> Array:
        return np.exp(x.astype(np.float64))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        if not wide.is_wide(site):
            return super().quantized(site, values)
        assert values[0] is not None
        return looked_up(self._points(site), values[0].astype(np.int64)).astype(np.int16)

    def pack(self, site: Site) -> list[Call]:
        if not wide.is_wide(site):
            return super().pack(site)
        wide.require_int16(site, 0)
        consts, params = {"table": self._points(site)}, {"count": site.output.size}
        refs = (site.in_ref(0),)
        return [Call("lut_16", params, refs, site.out_ref(), consts=consts, inplace=(0,))]

    def _points(self, site: Site) -> Array:
        x, y = np.float32(site.input(0).scale), np.float32(site.output.scale)
        ends = (x * np.float32(-32768), x * np.float32(32767))
        span = y * np.float32(32767) - y * np.float32(-32768)
        return points(lambda x: self.function(site, x), *ends, np.float32(65536) / span, np.float32)

    def curve(self, site: Site, x: Array) -> Array:
        return float_functions.exp(x)
