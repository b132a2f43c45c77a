# SPDX-License-Identifier: Apache-2.0
"""Sliding windows: what convolutions and pools share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Rows, Site

SAME = 0  # the schema's Padding
MAX_AREA = 1 << 20  # rows by columns from a window's first tap to its last


@dataclass(frozen=True)
class Window:
    """Geometry of a window over [batch, height, width, channels]."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pad: tuple[int, int]  # above, left
    out: tuple[int, int]  # output height, width

    @staticmethod
    def of(site: Site, kernel: tuple[int, int]) -> Window:
        """The geometry of a node with this kernel size.

        As ComputePaddingHeightWidth in TFLite (kernels/padding.h). The option `explicit_padding`
        ((above, below), (left, right)), which no file has, goes before: the optimizer sets it.
        Raises ModelError if the input is not 4-D or a size is not positive."""
        shape = site.input(0).shape
        stride = (int(site.option("stride_h", 1)), int(site.option("stride_w", 1)))
        dilation = (
            int(site.option("dilation_h_factor", 1)),
            int(site.option("dilation_w_factor", 1)),
        )
        if len(shape) != 4 or min((*shape, *kernel, *stride, *dilation)) < 1:
            raise ModelError(
                f"{site.where}: shape {shape}, kernel {kernel}, stride {stride} make no window.",
                "Convert the model again: it is damaged.",
            )
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        if spans[0] * spans[1] > MAX_AREA:
            raise site.unsupported(f"a window over {spans[0]} by {spans[1]} positions")
        explicit = site.option("explicit_padding", None)
        pad, out = [0, 0], [0, 0]
        for d in range(2):
            span = spans[d]
            if explicit is not None:
                pad[d] = explicit[d][0]
                out[d] = (shape[1 + d] + sum(explicit[d]) - span) // stride[d] + 1
            elif int(site.option("padding", SAME)) == SAME:
                out[d] = -(-shape[1 + d] // stride[d])
                pad[d] = max((out[d] - 1) * stride[d] + span - shape[1 + d], 0) // 2
            else:
                out[d] = -(-(shape[1 + d] - span + 1) // stride[d])
        if min(out) < 1:
            raise ModelError(
                f"{site.where}: kernel {kernel} is larger than the input {shape}.",
                "Give the network a larger input.",
            )
        return Window(kernel, stride, dilation, (pad[0], pad[1]), (out[0], out[1]))

    def patches(self, x: Array, fill: float) -> Array:
        """The taps under each window: [batch, out_h, out_w, k_h, k_w, channels], a view.

        Taps outside the input are `fill`."""
        batch, height, width, channels = x.shape
        need = [
            (self.out[d] - 1) * self.stride[d] + (self.kernel[d] - 1) * self.dilation[d] + 1
            for d in range(2)
        ]
        after = [max(need[d] - self.pad[d] - (height, width)[d], 0) for d in range(2)]
        padding = ((0, 0), (self.pad[0], after[0]), (self.pad[1], after[1]), (0, 0))
        padded = np.ascontiguousarray(np.pad(x, padding, constant_values=fill))
        b, r, c, e = padded.strides
        return np.lib.stride_tricks.as_strided(
            padded,
            (batch, *self.out, *self.kernel, channels),
            (
                b,
                r * self.stride[0],
                c * self.stride[1],
                r * self.dilation[0],
                c * self.dilation[1],
                e,
            ),
            writeable=False,
        )

    def is_direct(self, site: Site) -> bool:
        """Whether windows lie in the input one after the other, as pixels or whole rows do: as
        ei_conv_is_direct (csrc/kernels/conv.h) says."""
        _, in_h, in_w, _ = site.input(0).shape
        inside = (self.out[0] - 1) * self.stride[0] + self.kernel[0] <= in_h
        if self.pad != (0, 0) or self.dilation != (1, 1) or not inside:
            return False
        if self.kernel == (1, 1):
            return self.stride == (1, 1) and self.out[1] == in_w
        apart = self.stride[0] == self.kernel[0] or self.out[0] == 1
        return self.kernel[1] == in_w and self.out[1] == 1 and apart

    def taps_inside(self, height: int, width: int) -> Array:
        """How many taps of each window lie inside the input: [out_h, out_w, 1]."""
        ones = np.ones((1, height, width, 1), np.int64)
        return np.asarray(self.patches(ones, 0).sum((0, 3, 4)))

    def params(self, site: Site) -> dict[str, int]:
        """The fields that every window kernel's parameters share."""
        _, in_h, in_w, _ = site.input(0).shape
        return {
            "in_h": in_h,
            "in_w": in_w,
            "out_h": self.out[0],
            "out_w": self.out[1],
            "k_h": self.kernel[0],
            "k_w": self.kernel[1],
            "stride_h": self.stride[0],
            "stride_w": self.stride[1],
            "pad_top": self.pad[0],
            "pad_left": self.pad[1],
        }

    def rows(self, site: Site) -> Rows:
        """The input rows under each row of windows."""
        _, in_h, in_w, channels = site.input(0).shape
        row_bytes = in_w * channels * site.input(0).dtype.itemsize
        span = (self.kernel[0] - 1) * self.dilation[0] + 1
        return Rows(row_bytes, in_h, self.stride[0], self.pad[0], span)


def per_image(site: Site, call: Callable[[int, int], Call]) -> list[Call]:
    """One call per image of the batch, made from its input and output byte offsets."""
    batch = site.input(0).shape[0]
    return [
        call(n * site.input(0).nbytes // batch, n * site.output.nbytes // batch)
        for n in range(batch)
    ]
