# SPDX-License-Identifier: Apache-2.0
"""What AVERAGE_POOL_2D and MAX_POOL_2D share."""

from __future__ import annotations

from edgeinfer.ops import wide
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.window import Window, per_image


class Pool(Op):
    """A window that keeps its channels apart; input and output share scale and zero point."""

    rule = QuantRule(same_scale=True)
    kernel = ""

    def shape(self, site: Site) -> tuple[int, ...]:
        shape = site.input(0).shape
        return (shape[0], *self.window(site).out, shape[3])

    def pack(self, site: Site) -> list[Call]:
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
        # Without padding a window's first tap never lies before the output it makes.
        inplace = (0,) if window.pad == (0, 0) else ()
        return per_image(
            site,
            lambda read, write: Call(
                "pool_16" if is_int16 else self.kernel,
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
