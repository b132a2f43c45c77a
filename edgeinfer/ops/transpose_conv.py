# SPDX-License-Identifier: Apache-2.0
"""TRANSPOSE_CONV: input [n, h, w, c], weights [o, kh, kw, c], bias [o], output shape [4].

The graph has the inputs in this order, as for other convolutions; a file has another."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops import real, wide
from edgeinfer.ops.base import QuantRule, Rows, Site
from edgeinfer.ops.convolution import Convolution, Variant
from edgeinfer.ops.filters import ROWS_SPARE
from edgeinfer.ops.weighted import bias_of, channel_multipliers, folded_bias
from edgeinfer.ops.window import SAME, Window

MAX_PHASES = 1 << 12  # places within a stride, down by across


@dataclass(frozen=True)
class Spread(Window):
    """A window of stride 1 over an input whose pixels lie `apart`, with nothing between.

    Its taps run backward: the first one of a filter sees the last pixel."""

    apart: tuple[int, int] = (1, 1)

    def patches(self, x: Array, fill: float) -> Array:
        n, height, width, c = x.shape
        down, across = self.apart
        spread = np.full((n, (height - 1) * down + 1, (width - 1) * across + 1, c), fill, x.dtype)
        spread[:, ::down, ::across] = x
        return np.asarray(super().patches(spread, fill)[:, :, :, ::-1, ::-1])

    def params(self, site: Site) -> dict[str, int]:
        """The strides and the padding are those of the filter in the output."""
        return {
            **super().params(site),
            "stride_h": self.apart[0],
            "stride_w": self.apart[1],
            "pad_top": self.kernel[0] - 1 - self.pad[0],
            "pad_left": self.kernel[1] - 1 - self.pad[1],
        }

    def rows(self, site: Site) -> Rows:
        return replace(super().rows(site), apart=self.apart[0])


class TransposeConv(Convolution):
    """The int8 reference is TransposeConv (…/reference/integer_ops/transpose_conv.h)."""

    name = "TRANSPOSE_CONV"
    rule = QuantRule(weights=1, channel_axis=0, bias=2)

    def window(self, site: Site) -> Spread:
        shape, weights = site.input(0).shape, site.input(1).shape
        out = tuple(int(n) for n in site.const(3).reshape(-1)[1:3])
        stride = (int(site.option("stride_h", 1)), int(site.option("stride_w", 1)))
        if (
            (len(shape), len(weights), len(out)) != (4, 4, 2)
            or weights[3] != shape[3]
            or min((*shape, *weights, *out, *stride)) < 1
        ):
            raise ModelError(
                f"{site.where}: weights {weights}, stride {stride} and output size {out} "
                f"do not match the input {shape}.",
                "Convert the model again: it is damaged.",
            )
        if stride[0] * stride[1] > MAX_PHASES:  # each has filters and a bias of its own
            raise site.unsupported(f"a stride of {stride[0]} by {stride[1]}")
        kernel = weights[1:3]
        pad = [0, 0]
        if int(site.option("padding", SAME)) == SAME:
            for d in range(2):
                whole = (-(-out[d] // stride[d]) - 1) * stride[d] + kernel[d]
                pad[d] = max(whole - out[d], 0) // 2
        before = (kernel[0] - 1 - pad[0], kernel[1] - 1 - pad[1])
        return Spread((kernel[0], kernel[1]), (1, 1), (1, 1), before, (out[0], out[1]), stride)

    def sums(self, site: Site, x: Array, w: Array, fill: float) -> Array:
        patches = self.window(site).patches(x, fill)
        return np.asarray(patches.reshape(*patches.shape[:3], -1) @ w.reshape(len(w), -1).T)

    def ordered_sums(self, site: Site, x: Array, w: Array) -> Array:
        taps = self.window(site).patches(x, 0.0)  # backward: TFLite goes over the input
        return real.dot(taps[:, :, :, ::-1, ::-1], w[:, ::-1, ::-1])

    def real(self, site: Site) -> Variant:
        weights = np.concatenate([p.reshape(-1) for p in self._phases(site, site.const(1))])
        return Variant("transpose_conv_float", {"weights": weights})

    def variant(self, site: Site) -> Variant:
        w = site.const(1)
        mult, shift = (np.broadcast_to(v, len(w)) for v in channel_multipliers(site, len(w)))
        parts = self._phases(site, w)
        bias = np.stack([folded_bias(site, part.sum((1, 2, 3), dtype=np.int64)) for part in parts])
        consts = {"weights": _stream(parts), "bias": bias, "mult": mult, "shift": shift}
        return Variant("transpose_conv", consts)

    def direct(self, site: Site) -> Variant:
        w = site.const(1)
        if site.input(0).dtype != np.int16:
            raise site.unsupported("asymmetric weights (zero point other than 0)")
        mult, shift = (np.broadcast_to(v, len(w)) for v in channel_multipliers(site, len(w)))
        wide.check_shifts(site, shift)
        weights, bias = _stream(self._phases(site, w)), bias_of(site, len(w), np.int64)
        consts = {"weights": weights, "bias": bias, "mult": mult, "shift": shift}
        return Variant("transpose_conv_16", consts, {"narrow": int(wide.is_narrow(site))})

    def _phases(self, site: Site, w: Array) -> list[Array]:
        """The taps that outputs of each phase see, in the order of the input."""
        down, across = self.window(site).apart
        return [w[:, i::down, j::across][:, ::-1, ::-1] for i in range(down) for j in range(across)]


def _stream(parts: list[Array]) -> Array:
    """The filters phase by phase, followed by what csrc/isa/rows.h may read beyond them."""
    return np.concatenate([*(part.reshape(-1) for part in parts), np.zeros(ROWS_SPARE, np.int8)])
