# SPDX-License-Identifier: Apache-2.0
"""What CONV_2D and DEPTHWISE_CONV_2D share: everything but the shape of their weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints
from edgeinfer.ops import real, wide
from edgeinfer.ops.activation import clip, int8_range, rectified_at
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.filters import BLOCK, filters_for
from edgeinfer.ops.weighted import (
    bias_of,
    channel_multipliers,
    check_weights,
    finish,
    folded_bias,
)
from edgeinfer.ops.window import Window, per_image


@dataclass(frozen=True)
class Variant:
    """A kernel and what it alone needs besides the geometry."""

    kernel: str
    consts: Mapping[str, Array]
    params: Mapping[str, Any] = field(default_factory=dict)
    block: int = 1  # pixels that the kernel computes together; they may lie in different rows
    inplace: bool = False  # an output pixel may take the place of an input pixel
    lanes: int = 0  # see Call
    tile: int = 1


def variant_of(
    site: Site, window: Window, w: Array, bias: Ints, mult: Ints, shift: Ints
) -> Variant:
    """The convolution kernel for filters [o, n] with corrected biases."""
    rows = 1 if window.is_direct(site) else window.kernel[0]
    suffix, consts = filters_for(site.layout, w, bias, mult, shift, rows, rectified_at(site))
    block = BLOCK[suffix]
    # The kernel for pairs reads a block of windows, or copies one, before it writes any of their
    # outputs; not so where the output is too small for a block.
    direct = window.is_direct(site) and len(w) <= w.shape[1]
    inplace = direct and suffix == "_pairs" and math.prod(window.out) >= block
    return Variant(f"conv_2d{suffix}", consts, block=block, inplace=inplace)


class Convolution(Op):
    """A window with weights, a bias and a scale for each output channel."""

    channel_axis = 0  # of the weights: the output channels

    def window(self, site: Site) -> Window:
        """The geometry. Raises ModelError or UnsupportedError if the weights do not match it."""
        raise NotImplementedError

    def sums(self, site: Site, x: Array, w: Array, fill: float) -> Array:
        """Σ w · x over each window in w's dtype, with `fill` in the padding: [n, oh, ow, o]."""
        raise NotImplementedError

    def ordered_sums(self, site: Site, x: Array, w: Array) -> Array:
        """`sums` of float32 without the padding, in TFLite's order."""
        raise NotImplementedError

    def shape(self, site: Site) -> tuple[int, ...]:
        channels = site.input(1).shape[self.channel_axis]
        return (site.input(0).shape[0], *self.window(site).out, channels)

    def macs(self, site: Site) -> int:
        weights = site.input(1)
        return site.output.size * (weights.size // weights.shape[self.channel_axis])

    def work(self, site: Site) -> int:
        return (
            self.macs(site) + 16 * self.macs(site) // site.output.shape[3]
        )  # windows side by side

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, w = values[0], values[1]
        assert x is not None and w is not None
        return self._finished(site, self.sums(site, x, w, 0.0))

    def ordered(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, w = values[0], values[1]
        assert x is not None and w is not None
        return self._finished(site, self.ordered_sums(site, x, w))

    def quick(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        return [self.float_(site, values)] if real.is_real(site) else self.run(site, values)

    def _finished(self, site: Site, sums: Array) -> Array:
        return clip(site, sums + bias_of(site, sums.shape[-1], np.float32))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, w = values[0], values[1]
        assert x is not None and w is not None
        check_weights(site)
        if wide.is_wide(site):
            out_c = w.shape[self.channel_axis]
            acc = self.sums(site, x.astype(np.float64), w.astype(np.float64), 0.0).astype(np.int64)
            acc += bias_of(site, out_c, np.int64)
            return wide.finish(site, acc, *channel_multipliers(site, out_c))
        # float64 holds these sums exactly and multiplies faster than any integer.
        w = w.astype(np.float64) - site.input(1).zero_point
        acc = self.sums(site, x.astype(np.float64), w, site.input(0).zero_point)
        acc += folded_bias(site, self.weight_sums(w))
        return finish(site, acc, *channel_multipliers(site, w.shape[self.channel_axis]))

    def pack(self, site: Site) -> list[Call]:
        if is_int16 := wide.is_wide(site):
            wide.require_int16(site, 0)
        elif real.is_real(site):
            return self._pack_float(site)
        else:
            site.require_int8(0)
        check_weights(site)
        low, high = int8_range(site)
        limits = {"act_min": low, "act_max": high}
        if is_int16:
            chosen = self.direct(site)
            chosen = replace(chosen, params={**chosen.params, **limits})
            return self._calls(site, chosen, self._geometry(site))
        zeros = {"in_zero": site.input(0).zero_point, "out_zero": site.output.zero_point}
        special = self.groups(site) > 1 or site.input(1).zero_point != 0
        chosen = self.direct(site) if special else self.variant(site)
        return self._calls(site, chosen, {**self._geometry(site), **zeros, **limits})

    def _pack_float(self, site: Site) -> list[Call]:
        real.check(site)
        chosen = self.real(site)
        bias = bias_of(site, site.const(1).shape[self.channel_axis], np.float32)
        consts = {**chosen.consts, "bias": bias}
        params = {**chosen.params, **real.params(site)}
        chosen = replace(chosen, consts=consts, params=params)
        return self._calls(site, chosen, self._geometry(site))

    def real(self, site: Site) -> Variant:
        """The kernel for float32; bias and clipping are the caller's."""
        raise NotImplementedError

    def _geometry(self, site: Site) -> dict[str, int]:
        """The fields of ei_conv that are no zero points or limits."""
        window = self.window(site)
        return {
            **window.params(site),
            "in_c": site.input(0).shape[3],
            "out_c": site.const(1).shape[self.channel_axis],
            "dil_h": window.dilation[0],
            "dil_w": window.dilation[1],
        }

    def _calls(self, site: Site, chosen: Variant, conv: Mapping[str, int]) -> list[Call]:
        window, out_c = self.window(site), conv["out_c"]
        return per_image(
            site,
            lambda read, write: Call(
                chosen.kernel,
                {"conv": conv, **chosen.params},
                (site.in_ref(0, read),),
                site.out_ref(write),
                rows=window.out[0],
                consts=chosen.consts,
                reads=(window.rows(site),),
                row_bytes=window.out[1] * out_c * site.output.dtype.itemsize,
                ahead=-(-(chosen.block - 1) // window.out[1]),
                inplace=(0,) if chosen.inplace else (),
                lanes=chosen.lanes,
                tile=chosen.tile,
            ),
        )

    def groups(self, site: Site) -> int:
        """How many groups of channels do not see each other."""
        return 1

    def filters(self, w: Array) -> Array:
        """The weights as [channels, kernel height, kernel width, channels of a group]."""
        return w

    def direct(self, site: Site) -> Variant:
        """The kernel for int16, groups or asymmetric weights; it subtracts zero points itself."""
        is_int16, w = site.input(0).dtype == np.int16, self.filters(site.const(1))
        mult, shift = channel_multipliers(site, len(w))
        if is_int16:
            wide.check_shifts(site, shift)
        bias = bias_of(site, len(w), np.int64 if is_int16 else np.int32)
        consts = {"weights": w, "bias": bias, "mult": mult, "shift": shift}
        group_in = w.shape[3]
        group_out = len(w) * group_in // site.input(0).shape[3]
        special = {"group_in": group_in, "group_out": group_out}
        if is_int16:
            special["narrow"] = int(wide.is_narrow(site))
        else:
            special["w_zero"] = site.input(1).zero_point
        return Variant("conv_16" if is_int16 else "conv_2d_groups", consts, special)

    def variant(self, site: Site) -> Variant:
        """The kernel for this node."""
        raise NotImplementedError

    def weight_sums(self, w: Array) -> Array:
        """Σ w for each output channel: int64 [channels]."""
        others = tuple(d for d in range(4) if d != self.channel_axis)
        return np.asarray(w.sum(others), np.int64)
