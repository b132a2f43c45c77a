# SPDX-License-Identifier: Apache-2.0
"""What LOGISTIC and TANH share: tables for int8, points with straight lines between for int16."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, div_pot, multiplier, requantize, wrap
from edgeinfer.numerics.functions import input_radius
from edgeinfer.ops import wide
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.table import Table

INPUT_BITS = 4  # integer bits of the scaled input
# Where TFLite's table of the logistic function was rounded up that had to be rounded down.
UP = (
    4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41,
    43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
)  # fmt: skip


class Curve(Table):
    """A function whose results lie in a range that `rule` divides into 256 steps."""

    tanh = False  # or the logistic function

    def fixed(self, x: Ints) -> Ints:
        """The function of Q`INPUT_BITS`, in Q0."""
        raise NotImplementedError

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        if not wide.is_wide(site):
            return super().quantized(site, values)
        assert values[0] is not None
        return self._interpolated(site, values[0])

    def results(self, site: Site, q: Array) -> Array:
        fixed = self.rule.fixed_output
        assert fixed is not None
        site.require_output(fixed)
        x = site.input(0)
        mult, shift = multiplier(x.scale * (1 << (31 - INPUT_BITS)))
        radius = input_radius(INPUT_BITS, shift)
        centred = q - x.zero_point
        y = self.fixed(requantize(np.clip(centred, -radius, radius), mult, shift))
        bits = round(-np.log2(site.output.scale))
        result = np.clip(div_pot(y, 31 - bits) + site.output.zero_point, -128, 127)
        return np.where(centred <= -radius, -128, np.where(centred >= radius, 127, result))

    def pack(self, site: Site) -> list[Call]:
        if not wide.is_wide(site):
            return super().pack(site)
        wide.require_int16(site, 0)
        mult, shift = self._scale(site)
        count = site.output.size
        params = {"count": count, "mult": mult, "shift": shift, "tanh": int(self.tanh)}
        consts, refs = {"table": table()}, (site.in_ref(0),)
        return [Call("curve_16", params, refs, site.out_ref(), consts=consts, inplace=(0,))]

    def _interpolated(self, site: Site, x: Array) -> Array:
        """As Logistic and Tanh of int16 (kernels/internal/reference/integer_ops)."""
        return interpolated(x, *self._scale(site), self.tanh)

    def _scale(self, site: Site) -> tuple[int, int]:
        """Multiplier and right shift of the input to 3 · 4096 for 1.

        As SigmoidPrepare and TanhPrepare (kernels/activations.cc): powers of two have a way of
        their own."""
        site.require_output(wide.Q15)
        log = np.log2(site.input(0).scale)
        left = 12 + round(log)
        if abs(log - round(log)) < 1e-3 and left in ((0, 1) if self.tanh else (0,)):
            return 3 << left, 0
        mult, shift = site.input(0).scale * 4096 * 3, 0
        while mult <= 32767 / 2 and shift <= 30:
            mult, shift = mult * 2, shift + 1
        if mult > 65535:
            raise site.unsupported("an input scale this large")
        return int(mult), shift


def interpolated(x: Ints, mult: int, shift: int, tanh: bool) -> Array:
    """tanh or the logistic function of x · mult / 2**shift, which is 3 · 4096 for 1, in Q0.15."""
    scaled = wrap(x.astype(np.int64) * mult + ((1 << shift) >> 1)) >> shift
    bits, points = 8 if tanh else 9, table().astype(np.int64)
    far = np.abs(scaled)
    at = np.minimum(far >> bits, 254)
    y = (points[at] << bits) + (far & ((1 << bits) - 1)) * (points[at + 1] - points[at])
    y = np.where(far >> bits >= 255, 0xFFFF << 8 if tanh else 0x7FFF << 10, y)
    if tanh:
        fine = y - (1 << 23)
        q = np.where(scaled >= 0, fine + (1 << 7), -fine + (1 << 7) - 1) >> 8
    else:
        q = np.where(scaled >= 0, y + (1 << 9), (1 << 25) - y + (1 << 9) - 1) >> 10
    return np.asarray(q, np.int16)


def table() -> Array:
    """2^16 / (1 + exp(−k / 24)): sigmoid_table_uint16 (kernels/internal/common.cc)."""
    points = np.round(65536 / (1 + np.exp(-np.arange(256) / 24)))
    points[list(UP)] += 1
    return np.asarray(np.minimum(points, 65535), np.uint16)
