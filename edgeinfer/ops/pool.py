# SPDX-License-Identifier: Apache-2.0
"""What AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops import wide
from edgeinfer.ops.activation import int8_range, real_range
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.window import Window, per_image


class Pool(Op):
    """A window that keeps its channels apart; input and output share scale and zero point."""

    rule = QuantRule(same_scale=True)
    kernel = ""
    code = 0  # of the enum in csrc/kernels/pool_float.c

    def shape(self, site: Site) -> tuple[int, ...]:
        shape = site.input(0).shape
        return (shape[0], *self.window(site).out, shape[3])

    def work(self, site: Site) -> int:
        return 4 * site.output.size * math.prod(self.window(site).kernel)

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype == np.float32:
            return self.pack_float(site)
        if is_int16 := wide.is_wide(site):
            wide.require_int16(site, 0)
        else:
            site.require_int8(0)
        quant = site.input(0).quant
        if quant is None or not quant.equals(site.output.quant):
            raise site.unsupported("an output scale other than the input's")
        window = self.window(site)
        low, high = int8_range(site)
        params = {
            **window.params(site),
            "channels": site.input(0).shape[3],
            "act_min": low,
            "act_max": high,
        }
        if site.option("uint8"):
            params["upward"] = 1
        if is_int16:
            params["average"] = int(self.kernel == "average_pool_2d")
        return self._calls(site, "pool_16" if is_int16 else self.kernel, params)

    def pack_float(self, site: Site) -> list[Call]:
        """The calls for float32."""
        site.require_float(0)
        low, high = real_range(site)
        pool = {**self.window(site).params(site), "channels": site.input(0).shape[3]}
        params = {"pool": pool, "op": self.code, "act_min": low, "act_max": high}
        return self._calls(site, "pool_float", params)

    def _calls(self, site: Site, kernel: str, params: Mapping[str, Any]) -> list[Call]:
        window = self.window(site)
        # Without padding a window's first tap never lies before the output it makes.
        inplace = (0,) if window.pad == (0, 0) else ()
        return per_image(
            site,
            lambda read, write: Call(
                kernel,
                params,
                (site.in_ref(0, read),),
                site.out_ref(write),
                rows=window.out[0],
                inplace=inplace,
                reads=(window.rows(site),),
                row_bytes=window.out[1] * site.input(0).shape[3] * site.output.dtype.itemsize,
            ),
        )

    @staticmethod
    def window(site: Site) -> Window:
        """The pool's geometry."""
        return Window.of(
            site, (int(site.option("filter_height")), int(site.option("filter_width")))
        )


def total_of(window: Window, x: Array) -> Array:
    """The sum over each window's taps, in float32 in the order in which TFLite adds them."""
    taps = window.patches(x, 0.0)
    total = np.zeros((len(x), *window.out, x.shape[3]), np.float32)
    for ky, kx in np.ndindex(*window.kernel):
        total += taps[:, :, :, ky, kx]
    return total
