# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D: mean over the taps that lie inside the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.activation import clip, int8_range
from edgeinfer.ops.base import Site
from edgeinfer.ops.pool import Pool, total_of


class AveragePool2D(Pool):
    """The int8 reference is AveragePool (kernels/internal/reference/integer_ops/pooling.h)."""

    code = 0

    name = "AVERAGE_POOL_2D"
    kernel = "average_pool_2d"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        window = self.window(site)
        count = window.taps_inside(x.shape[1], x.shape[2]).astype(np.float32)
        return clip(site, total_of(window, x) / count)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        window = self.window(site)
        count = window.taps_inside(x.shape[1], x.shape[2])
        total = window.patches(x, 0).sum((3, 4), dtype=np.int64)
        if site.option("uint8"):  # of such a model, less 128 (edgeinfer/unsigned.py)
            mean = (total + 128 * count + count // 2) // count - 128
        else:
            mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
        return np.asarray(np.clip(mean, *int8_range(site)).astype(x.dtype))
