# SPDX-License-Identifier: Apache-2.0
"""L2_POOL_2D: root of the mean square over the taps that lie inside the input; float32 only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.activation import clip, real_range
from edgeinfer.ops.base import Call, QuantRule, Site
from edgeinfer.ops.pool import Pool
from edgeinfer.ops.window import per_image


class L2Pool2D(Pool):
    """The reference is L2Pool (kernels/internal/reference/reference_ops.h)."""

    name = "L2_POOL_2D"
    rule = QuantRule()

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        window = self.window(site)
        taps = window.patches(x, 0.0)
        total = np.zeros((len(x), *window.out, x.shape[3]), np.float32)
        for ky, kx in np.ndindex(*window.kernel):  # TFLite adds in this order
            total += taps[:, :, :, ky, kx] ** 2
        count = window.taps_inside(x.shape[1], x.shape[2]).astype(np.float32)
        return clip(site, np.sqrt(total / count))

    def pack(self, site: Site) -> list[Call]:
        if {site.input(0).dtype, site.output.dtype} != {np.dtype(np.float32)}:
            raise site.unsupported(f"type {site.input(0).dtype}")
        window, channels = self.window(site), site.input(0).shape[3]
        low, high = real_range(site)
        params = {
            "pool": {**window.params(site), "channels": channels},
            "act_min": low,
            "act_max": high,
        }
        return per_image(
            site,
            lambda read, write: Call(
                "l2_pool_2d",
                params,
                (site.in_ref(0, read),),
                site.out_ref(write),
                rows=window.out[0],
                reads=(window.rows(site),),
                row_bytes=window.out[1] * channels * 4,
            ),
        )
