# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D: input [n, h, w, c], weights [1, kh, kw, c · m], bias [c · m]."""

from __future__ import annotations

import math

import numpy as np

from edgeinfer.boards.board import SMALL
from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints
from edgeinfer.ops.activation import rectified_at
from edgeinfer.ops.base import QuantRule, Site
from edgeinfer.ops.convolution import Convolution, Variant, variant_of
from edgeinfer.ops.filters import (
    filters_3x3,
    filters_3x3_scaled,
    filters_line,
    rounds_briefly,
    without_dead,
)
from edgeinfer.ops.weighted import bias_of, channel_multipliers, folded_bias
from edgeinfer.ops.window import Window

_TILE_OUTPUTS = 16  # columns that one tile of the kernel makes (csrc/isa/tile.h)
_LINE_OUTPUTS = 32  # EI_LINE_OUTPUTS
_FEW = 8  # EI_LINE_LEAST: for fewer outputs, widening the filter does not pay
_DTYPES = {"weights": np.int8, "bias": np.int32, "mult": np.int32, "shift": np.int8}


class DepthwiseConv2D(Convolution):
    """The int8 reference is DepthwiseConvPerChannel (…/reference/integer_ops/depthwise_conv.h)."""

    name = "DEPTHWISE_CONV_2D"
    rule = QuantRule(weights=1, channel_axis=3, bias=2)
    channel_axis = 3

    def window(self, site: Site) -> Window:
        weights, shape = site.input(1).shape, site.input(0).shape
        if len(weights) != 4 or len(shape) != 4 or weights[0] != 1 or weights[3] % shape[3]:
            raise ModelError(
                f"{site.where}: weights {weights} do not match the input {shape}.",
                "Convert the model again: it is damaged.",
            )
        return Window.of(site, (weights[1], weights[2]))

    def sums(self, site: Site, x: Array, w: Array, fill: float) -> Array:
        repeats = w.shape[3] // x.shape[3]
        patches = self.window(site).patches(x, fill)
        acc = np.zeros((*patches.shape[:3], w.shape[3]), w.dtype)
        for ky, kx in np.ndindex(w.shape[1:3]):
            taps = patches[:, :, :, ky, kx]
            acc += (np.repeat(taps, repeats, -1) if repeats > 1 else taps) * w[0, ky, kx]
        return np.asarray(acc)

    def ordered_sums(self, site: Site, x: Array, w: Array) -> Array:
        return self.sums(site, x, w, 0.0)  # tap by tap, as in TFLite

    def real(self, site: Site) -> Variant:
        w = site.const(1)
        params = {"multiplier": w.shape[3] // site.input(0).shape[3]}
        return Variant("depthwise_float", {"weights": w}, params)

    def variant(self, site: Site) -> Variant:
        w = site.const(1)
        mult, shift = channel_multipliers(site, w.shape[3])
        if site.input(0).shape[3] == 1:  # then it is a convolution
            bias = folded_bias(site, self.weight_sums(w))
            return variant_of(
                site, self.window(site), w.reshape(-1, w.shape[3]).T, bias, mult, shift
            )
        # These kernels subtract the zero point themselves: they skip taps in the padding.
        bias = bias_of(site, w.shape[3], np.int32)
        if self._is_3x3(site) and (made := self._brief_3x3(site, w[0], bias, mult, shift)):
            return made
        flat = w.reshape(-1, w.shape[3]).T
        if self._is_line(site) and (line := filters_line(flat.T, bias, mult, shift)) is not None:
            # A tile of all outputs is read, four channels at a time, before they are written.
            outputs = math.prod(self.window(site).out)
            return Variant(
                "depthwise_conv_line",
                {"weights": line},
                block=min(outputs, _LINE_OUTPUTS),
                lanes=site.output.shape[3] if outputs <= _LINE_OUTPUTS else 0,
                tile=_LINE_OUTPUTS,
            )
        usual = without_dead(flat, bias, mult, shift)
        sums = 255 * np.abs(flat.astype(np.int64)).sum(1)
        if brief := rounds_briefly(usual[0], sums, usual[2]):
            bias, mult, shift = usual
        consts = {"weights": w, "bias": bias, "mult": mult, "shift": shift}
        consts = {name: array.astype(_DTYPES[name]) for name, array in consts.items()}
        params = {"multiplier": w.shape[3] // site.input(0).shape[3], "brief": int(brief)}
        return Variant("depthwise_conv_2d", consts, params)

    def _brief_3x3(
        self, site: Site, w: Array, bias: Ints, mult: Ints, shift: Ints
    ) -> Variant | None:
        """The kernel over records of 3x3 filters, if its arithmetic is exact."""
        filters, window, floor = None, self.window(site), rectified_at(site)
        name = "depthwise_conv_3x3"
        if site.layout in ("pairs", SMALL) and floor is not None:
            filters = filters_3x3_scaled(w, bias, mult, shift, floor)
        if filters is not None:
            name += "_scaled"
        elif (filters := filters_3x3(w, bias, mult, shift)) is None:
            return None
        consts, block = {"weights": filters}, window.out[1] + 1
        if site.layout == "quads":  # its kernel reads and writes column by column
            return Variant("depthwise_conv_strips", consts, block=block)
        # One tile for all columns, and both rows that it makes are written after it is read.
        whole = window.stride == (1, 1) and window.out[1] <= _TILE_OUTPUTS
        lanes = site.output.shape[3] if whole else 0
        return Variant(name, consts, block=block, lanes=lanes, tile=2 if whole else 1)

    def _is_3x3(self, site: Site) -> bool:
        window, channels = self.window(site), site.input(0).shape[3]
        return (
            window.kernel == (3, 3)
            and window.dilation == (1, 1)
            and channels == site.output.shape[3]
            and channels >= 4
        )

    def _is_line(self, site: Site) -> bool:
        """Whether windows lie along one axis of an input that has no other."""
        window, (_, height, width, channels) = self.window(site), site.input(0).shape
        upright = width == 1 and window.kernel[1] == 1
        lying = height == 1 and window.kernel[0] == 1
        return (
            site.layout in ("pairs", "rows")
            and (upright or lying)
            and window.stride == (1, 1)
            and window.dilation == (1, 1)
            and channels == site.output.shape[3]
            and channels >= 4
            and math.prod(window.out) >= _FEW
        )

    def filters(self, w: Array) -> Array:
        return np.ascontiguousarray(w.transpose(3, 1, 2, 0))
