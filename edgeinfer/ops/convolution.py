# SPDX-License-Identifier: Apache-2.0
"""What CONV_2D and DEPTHWISE_CONV_2D share: everything but the shape of their weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.activation import clip, int8_range
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.weighted import (
    bias_of,
    channel_multipliers,
    check_weights,
    finish,
    folded_bias,
)
from edgeinfer.ops.window import Window, per_image


class Convolution(Op):
    """A window with weights, a bias and a scale for each output channel."""

    kernel = ""
    channel_axis = 0  # of the weights: the output channels
    block = 1  # pixels that the kernel computes together; they may lie in different rows

    def window(self, site: Site) -> Window:
        """The geometry. Raises ModelError or UnsupportedError if the weights do not match it."""
        raise NotImplementedError

    def sums(self, site: Site, x: Array, w: Array, fill: float) -> Array:
        """Σ w · x over each window in w's dtype, with `fill` in the padding: [n, oh, ow, o]."""
        raise NotImplementedError

    def shape(self, site: Site) -> tuple[int, ...]:
        channels = site.input(1).shape[self.channel_axis]
        return (site.input(0).shape[0], *self.window(site).out, channels)

    def macs(self, site: Site) -> int:
        weights = site.input(1)
        return site.output.size * (weights.size // weights.shape[self.channel_axis])

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, w = values[0], values[1]
        assert x is not None and w is not None
        acc = self.sums(site, x, w, 0.0)
        return clip(site, acc + bias_of(site, w.shape[self.channel_axis], np.float32))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, w = values[0], values[1]
        assert x is not None and w is not None
        check_weights(site)
        # float64 holds these sums exactly and multiplies faster than any integer.
        acc = self.sums(site, x.astype(np.float64), w.astype(np.float64), site.input(0).zero_point)
        acc += folded_bias(site, self._weight_sums(w))
        return finish(site, acc, *channel_multipliers(site, w.shape[self.channel_axis]))

    def pack(self, site: Site) -> list[Call]:
        site.require_int8(0)
        check_weights(site)
        window, weights = self.window(site), site.const(1)
        in_c, out_c = site.input(0).shape[3], weights.shape[self.channel_axis]
        mult, shift = channel_multipliers(site, out_c)
        low, high = int8_range(site)
        params = {
            **window.params(site),
            "in_c": in_c,
            "out_c": out_c,
            "dil_h": window.dilation[0],
            "dil_w": window.dilation[1],
            "in_zero": site.input(0).zero_point,
            "out_zero": site.output.zero_point,
            "act_min": low,
            "act_max": high,
        }
        consts = {
            "weights": weights,
            "bias": self.packed_bias(site),
            "mult": mult,
            "shift": shift,
        }
        return per_image(
            site,
            lambda read, write: Call(
                self.kernel,
                params,
                (site.in_ref(0, read),),
                site.out_ref(write),
                rows=window.out[0],
                consts=consts,
                reads=(window.rows(site),),
                row_bytes=window.out[1] * out_c,
                ahead=-(-(self.block - 1) // window.out[1]),
            ),
        )

    def packed_bias(self, site: Site) -> Array:
        """The bias as the kernel wants it: int32 [channels]."""
        return folded_bias(site, self._weight_sums(site.const(1)))

    def _weight_sums(self, w: Array) -> Array:
        others = tuple(d for d in range(4) if d != self.channel_axis)
        return np.asarray(w.sum(others, dtype=np.int64))
