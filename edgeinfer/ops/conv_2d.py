# SPDX-License-Identifier: Apache-2.0
"""CONV_2D: input [n, h, w, c], weights [o, kh, kw, c], bias [o]."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops import real
from edgeinfer.ops.base import Call, QuantRule, Site
from edgeinfer.ops.convolution import Convolution, Variant, variant_of
from edgeinfer.ops.dense import dense_call
from edgeinfer.ops.filters import NIBBLES, filter_nibbles
from edgeinfer.ops.weighted import channel_multipliers, check_weights, folded_bias
from edgeinfer.ops.window import Window


class Conv2D(Convolution):
    """The int8 reference is ConvPerChannel (kernels/internal/reference/integer_ops/conv.h)."""

    name = "CONV_2D"
    rule = QuantRule(weights=1, channel_axis=0, bias=2)
    channel_axis = 0

    def window(self, site: Site) -> Window:
        weights = site.input(1).shape
        channels = site.input(0).shape[-1] if site.input(0).shape else 0
        if len(weights) != 4 or min(weights) < 1 or channels % weights[3]:
            raise site.unsupported(f"weights {weights} for {channels} channels")
        if weights[0] % (channels // weights[3]):
            raise site.unsupported(f"{weights[0]} filters in {channels // weights[3]} groups")
        return Window.of(site, (weights[1], weights[2]))

    def pack(self, site: Site) -> list[Call]:
        packed = self._packed(site) if site.input(1).packed else None
        return super().pack(site) if packed is None else [packed]

    def _packed(self, site: Site) -> Call | None:
        """The call of the dense kernel that keeps 4-bit weights two to a byte; None where they
        have to be widened: in all but pointwise layers, and for other cores, which would lose more
        than flash is worth."""
        window = self.window(site)
        pointwise = window.kernel == (1, 1) and window.is_direct(site) and self.groups(site) == 1
        if not pointwise or site.layout not in NIBBLES or site.input(0).dtype != np.int8:
            return None
        site.require_int8(0)
        check_weights(site)
        w = site.const(1)
        bias = folded_bias(site, self.weight_sums(w))
        flat = w.reshape(len(w), -1)
        consts = filter_nibbles(flat, bias, *channel_multipliers(site, len(w)))
        if consts is None or site.input(1).zero_point:
            return None
        out_c, in_c = flat.shape
        return dense_call(site, "_nibbles", consts, in_c, out_c, pixels=window.out[1])

    def variant(self, site: Site) -> Variant:
        w = site.const(1)
        bias = folded_bias(site, self.weight_sums(w))
        mult, shift = channel_multipliers(site, len(w))
        return variant_of(site, self.window(site), w.reshape(len(w), -1), bias, mult, shift)

    def sums(self, site: Site, x: Array, w: Array, fill: float) -> Array:
        patches = self.window(site).patches(x, fill)
        groups = self.groups(site)
        parts = zip(np.split(patches, groups, -1), np.split(w, groups), strict=True)
        sums = [a.reshape(*a.shape[:3], -1) @ b.reshape(len(b), -1).T for a, b in parts]
        return np.concatenate(sums, -1) if groups > 1 else np.asarray(sums[0])

    def ordered_sums(self, site: Site, x: Array, w: Array) -> Array:
        patches, groups = self.window(site).patches(x, 0.0), self.groups(site)
        parts = zip(np.split(patches, groups, -1), np.split(w, groups), strict=True)
        return np.concatenate([real.dot(*part) for part in parts], -1)

    def real(self, site: Site) -> Variant:
        w = site.const(1)
        group_out = len(w) // self.groups(site)
        params = {"group_in": w.shape[3], "group_out": group_out}
        return Variant("conv_float", {"weights": real.blocks(w, group_out)}, params)

    def groups(self, site: Site) -> int:
        return site.input(0).shape[3] // site.input(1).shape[3]
