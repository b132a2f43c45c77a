# SPDX-License-Identifier: Apache-2.0
"""MAX_POOL_2D: maximum over the taps that lie inside the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.activation import clip, int8_range
from edgeinfer.ops.base import Site
from edgeinfer.ops.pool import Pool


class MaxPool2D(Pool):
    """The int8 reference is MaxPool (kernels/internal/reference/integer_ops/pooling.h)."""

    code = 1

    name = "MAX_POOL_2D"
    kernel = "max_pool_2d"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        window = self.window(site)
        taps = window.patches(x, -np.inf)
        most = np.full(taps[:, :, :, 0, 0].shape, np.finfo(np.float32).min)
        for ky, kx in np.ndindex(*window.kernel):  # of two zeros the first, and never NaN
            most = np.where(most < taps[:, :, :, ky, kx], taps[:, :, :, ky, kx], most)
        return clip(site, most)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        largest = self.window(site).patches(x, np.iinfo(x.dtype).min).max((3, 4))
        return np.asarray(np.clip(largest, *int8_range(site)).astype(x.dtype))
