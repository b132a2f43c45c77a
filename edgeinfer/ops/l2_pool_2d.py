# SPDX-License-Identifier: Apache-2.0
"""L2_POOL_2D: root of the mean square over the taps that lie inside the input; float32 only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.activation import clip
from edgeinfer.ops.base import Call, QuantRule, Site
from edgeinfer.ops.pool import Pool, total_of


class L2Pool2D(Pool):
    """The reference is L2Pool (kernels/internal/reference/reference_ops.h)."""

    name = "L2_POOL_2D"
    code = 2
    rule = QuantRule()

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        window = self.window(site)
        count = window.taps_inside(x.shape[1], x.shape[2]).astype(np.float32)
        return clip(site, np.sqrt(total_of(window, x * x) / count))

    def pack(self, site: Site) -> list[Call]:
        return self.pack_float(site)
