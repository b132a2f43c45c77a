# SPDX-License-Identifier: Apache-2.0
"""16x8: what the operators do with int16 activations, whose zero points are all 0."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array, Quant
from edgeinfer.numerics.fixed_point import Ints, requantize, wrap
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import Site

MAX_SHIFT = 14  # of requantize_wide
Q15 = Quant.per_tensor(1 / 32768, 0)


def is_wide(site: Site) -> bool:
    """Whether the first input is int16. Raises UnsupportedError for zero points and mixed types."""
    if site.input(0).dtype != np.int16:
        return False
    activations = [t for t in (*site.inputs, *site.outputs) if t is not None]
    for t in activations:
        if t.dtype == np.int16 and t.quant is not None and t.zero_point:
            raise site.unsupported(f"an int16 tensor with a zero point ('{t.name}')")
    return True


def require_int16(site: Site, *positions: int) -> None:
    """Check that these inputs and the first output are int16. Raises UnsupportedError."""
    for tensor in (*(site.input(p) for p in positions), site.output):
        if tensor.dtype != np.int16:
            raise site.unsupported(f"type {tensor.dtype} (tensor '{tensor.name}')")


def requantize_wide(x: Ints, m: Ints | int, shift: Ints | int) -> Ints:
    """MultiplyByQuantizedMultiplier of TFLite for int64 (kernels/internal/common.cc)."""
    m = np.asarray(m, np.int64)
    reduced = np.where(m < 0x7FFF0000, (m + (1 << 15)) >> 16, 0x7FFF)
    total = 15 - np.asarray(shift, np.int64)
    return wrap((np.asarray(x, np.int64) * reduced + (np.int64(1) << (total - 1))) >> total)


def is_narrow(site: Site) -> bool:
    """Whether TFLite adds products up in 32 bits: it does so without an int64 bias, but never in
    DEPTHWISE_CONV_2D."""
    bias = site.optional(2)
    return site.node.op != "DEPTHWISE_CONV_2D" and (bias is None or bias.dtype != np.int64)


def finish(site: Site, acc: Array, mult: Ints | int, shift: Ints | int) -> Array:
    """Exact sums of a layer with weights, bias included → int16 outputs."""
    check_shifts(site, shift)
    sums = acc.astype(np.int64)
    narrow = is_narrow(site)
    q = requantize(wrap(sums), mult, shift) if narrow else requantize_wide(sums, mult, shift)
    return np.clip(q, *int8_range(site)).astype(np.int16)


def check_shifts(site: Site, shift: Ints | int) -> None:
    """Raise UnsupportedError for a scale that is far too large."""
    if np.max(shift) > MAX_SHIFT:
        raise site.unsupported("an output scale this small")
