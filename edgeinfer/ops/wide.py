# SPDX-License-Identifier: Apache-2.0
"""16x8: what the operators do with int16 activations, whose zero points are all 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.fixed_point import Ints, bit_length, multiplier, requantize, round_away, wrap
from edgeinfer.graph import Array
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import Call, Rows, Site

BINARY = ("ADD", "SUB", "MUL")  # as the kernel binary_16 numbers them
LEFT_SHIFT = 15  # of the inputs of a sum
SHIFTS = (-31, 14)  # of requantize_wide
# Where TFLite's table of the logistic function was rounded up that had to be rounded down.
CURVE_UP = (
    4,
    8,
    12,
    14,
    15,
    16,
    17,
    19,
    20,
    21,
    22,
    25,
    27,
    28,
    29,
    30,
    31,
    33,
    34,
    35,
    37,
    39,
    40,
    41,
    43,
    44,
    45,
    46,
    49,
    50,
    54,
    62,
    63,
    64,
    66,
    82,
    86,
    93,
    100,
    103,
    112,
    116,
    135,
    255,
)


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


def finish(
    site: Site, acc: Array, mult: Ints | int, shift: Ints | int, narrow: bool = False
) -> Array:
    """Exact sums, bias included → int16 outputs; `narrow`: through sums of 32 bits."""
    check_shifts(site, shift)
    wide = acc.astype(np.int64)
    q = requantize(wrap(wide), mult, shift) if narrow else requantize_wide(wide, mult, shift)
    return np.clip(q, *int8_range(site)).astype(np.int16)


def check_shifts(site: Site, shift: Ints | int) -> None:
    """Raise UnsupportedError for a scale that is far too large."""
    if np.max(shift) > SHIFTS[1]:
        raise site.unsupported("an output scale this small")


def rescale(
    site: Site, above: tuple[int, int], below: tuple[int, int], least: int, most: int
) -> list[Call]:
    """The call of a RELU or QUANTIZE; multiplier and shift from the zero point on, and below."""
    x, y = site.input(0), site.output
    params = {
        "count": y.size,
        "in_size": x.dtype.itemsize,
        "out_size": y.dtype.itemsize,
        "mult": [above[0], below[0]],
        "shift": [above[1], below[1]],
        "in_zero": x.zero_point,
        "out_zero": y.zero_point,
        "least": least,
        "most": most,
    }
    inplace = (0,) if x.dtype.itemsize == y.dtype.itemsize else ()
    return [Call("rescale", params, (site.in_ref(0),), site.out_ref(), inplace=inplace)]


def rescaled(
    site: Site, x: Array, above: tuple[int, int], below: tuple[int, int], least: int, most: int
) -> Array:
    """What the kernel `rescale` gives."""
    centred = x.astype(np.int64) - site.input(0).zero_point
    q = np.where(centred < 0, requantize(centred, *below), requantize(centred, *above))
    return np.clip(q + site.output.zero_point, least, most).astype(site.output.dtype)


def binary_multipliers(site: Site) -> dict[str, Any]:
    """Multipliers and shifts of a sum (PrepareGeneralAddOp) or product: the kernel's params."""
    a, b, out = site.input(0).scale, site.input(1).scale, site.output.scale
    if site.node.op == "MUL":
        product = float(np.float32(a) * np.float32(b) / np.float32(out))
        m, s = multiplier(product)
        return {"out_mult": m, "out_shift": s, "mult": [0, 0], "shift": [0, 0]}
    twice = 2 * max(a, b)
    first, second, last = (
        multiplier(s) for s in (a / twice, b / twice, twice / ((1 << LEFT_SHIFT) * out))
    )
    return {
        "mult": [first[0], second[0]],
        "shift": [first[1], second[1]],
        "out_mult": last[0],
        "out_shift": last[1],
    }


def binary(site: Site, values: Sequence[Array | None]) -> Array:
    """ADD, SUB or MUL."""
    p = binary_multipliers(site)
    a, b = (np.asarray(v, np.int64) for v in values[:2])
    if site.node.op == "MUL":
        x = a * b
    else:
        a, b = (
            requantize(v << LEFT_SHIFT, p["mult"][i], p["shift"][i]) for i, v in enumerate((a, b))
        )
        x = wrap(a - b if site.node.op == "SUB" else a + b)
    q = requantize(x, p["out_mult"], p["out_shift"])
    return np.clip(q, *int8_range(site)).astype(np.int16)


def binary_call(site: Site) -> list[Call]:
    """The call of ADD, SUB or MUL."""
    require_int16(site, 0, 1)
    out = site.output.shape
    if len(out) > 6:
        raise site.unsupported(f"{len(out)} dimensions")
    dims = (1,) * (6 - len(out)) + out
    low, high = int8_range(site)
    params = {
        **binary_multipliers(site),
        "dims": dims,
        "stride": [_strides(site.input(i).shape, dims) for i in (0, 1)],
        "act_min": low,
        "act_max": high,
        "op": BINARY.index(site.node.op),
    }
    inplace = tuple(p for p in (0, 1) if site.input(p).shape == out)
    inputs = (site.in_ref(0), site.in_ref(1))
    return [Call("binary_16", params, inputs, site.out_ref(), dims[0], inplace=inplace)]


def _strides(shape: tuple[int, ...], dims: tuple[int, ...]) -> list[int]:
    """Elements from one to the next along each dimension, 0 where the input repeats."""
    padded = (1,) * (len(dims) - len(shape)) + shape
    steps = np.cumprod([1, *padded[:0:-1]])[::-1]
    return [int(s) if n > 1 else 0 for s, n in zip(steps, padded, strict=True)]


def interpolated(function: Any, low: float, high: float, out_low: float, out_high: float) -> Array:
    """A function over [low, high] for int16 indices: int16 [513].

    As LUTPopulate for int16 (kernels/internal/common.h): points are moved by half the error in
    the middle between them."""
    step = (high - low) / 512
    scale = 65536 / (out_high - out_low)
    x = low + np.arange(512) * step
    value, middle = function(x) * scale, round_away(function(x + step / 2) * scale)
    between = round_away((function(x + step) * scale + round_away(value)) / 2)
    points = round_away(value) - round_away((between - middle) / 2)
    last = round_away(np.asarray(function(np.asarray(high)) * scale))
    return np.asarray(np.clip(np.append(points, last), -32768, 32767), np.int16)


def looked_up(table: Array, x: Ints) -> Ints:
    """LUTLookup: linear between the points of `interpolated`."""
    x = np.clip(x, -32768, 32767)
    at, wide = 256 + (x >> 7), table.astype(np.int64)
    return np.asarray(wide[at] + (((wide[at + 1] - wide[at]) * (x & 0x7F) + 64) >> 7))


def curve(site: Site, x: Array, tanh: bool) -> Array:
    """LOGISTIC or TANH (kernels/internal/reference/integer_ops/logistic.h, tanh.h)."""
    mult, shift = curve_scale(site, tanh)
    scaled = wrap(x.astype(np.int64) * mult + ((1 << shift) >> 1)) >> shift
    bits, table = 8 if tanh else 9, curve_table().astype(np.int64)
    far = np.abs(scaled)
    at = np.minimum(far >> bits, 254)
    y = (table[at] << bits) + (far & ((1 << bits) - 1)) * (table[at + 1] - table[at])
    y = np.where(far >> bits >= 255, 0xFFFF << 8 if tanh else 0x7FFF << 10, y)
    if tanh:
        wide = y - (1 << 23)
        q = np.where(scaled >= 0, wide + (1 << 7), -wide + (1 << 7) - 1) >> 8
    else:
        q = np.where(scaled >= 0, y + (1 << 9), (1 << 25) - y + (1 << 9) - 1) >> 10
    return np.asarray(q, np.int16)


def curve_call(site: Site, tanh: bool) -> list[Call]:
    """The call of LOGISTIC or TANH."""
    require_int16(site, 0)
    mult, shift = curve_scale(site, tanh)
    params = {"count": site.output.size, "mult": mult, "shift": shift, "tanh": int(tanh)}
    consts = {"table": curve_table()}
    inputs = (site.in_ref(0),)
    return [Call("curve_16", params, inputs, site.out_ref(), consts=consts, inplace=(0,))]


def curve_table() -> Array:
    """2^16 / (1 + exp(−k / 24)): sigmoid_table_uint16 (kernels/internal/common.cc)."""
    points = np.round(65536 / (1 + np.exp(-np.arange(256) / 24)))
    points[list(CURVE_UP)] += 1
    return np.asarray(np.minimum(points, 65535), np.uint16)


def curve_scale(site: Site, tanh: bool) -> tuple[int, int]:
    """Multiplier and right shift of the input to 3 · 4096 for 1.

    As SigmoidPrepare and TanhPrepare (kernels/activations.cc): powers of two have a way of
    their own."""
    if site.output.scale != 1 / 32768:
        raise site.unsupported("an output scale other than 1/32768")
    log = np.log2(site.input(0).scale)
    left = 12 + round(log)
    if abs(log - round(log)) < 1e-3 and left in ((0, 1) if tanh else (0,)):
        return 3 << left, 0
    mult, shift = site.input(0).scale * 4096 * 3, 0
    while mult <= 32767 / 2 and shift <= 30:
        mult, shift = mult * 2, shift + 1
    if mult > 65535:
        raise site.unsupported("an input scale this large")
    return int(mult), shift


def softmax_tables() -> dict[str, Array]:
    """exp over −10..0 and 1 / (1 + x) over 0..1, in Q15 (SoftmaxPrepare, activations.cc)."""
    return {
        "exp": interpolated(np.exp, -10.0, 0.0, -1.0, 1.0),
        "reciprocal": interpolated(lambda x: 1 / (1 + x), 0.0, 1.0, -1.0, 1.0),
    }


def softmax_scale(site: Site) -> tuple[int, int]:
    """Multiplier and shift of differences to 65535 for 10."""
    if site.output.scale != 1 / 32768:
        raise site.unsupported("an output scale other than 1/32768")
    beta = float(np.float32(site.option("beta", 1.0)))
    return multiplier(site.input(0).scale * beta / (10.0 / 65535.0))


def softmax(site: Site, x: Array) -> Array:
    """SoftmaxInt16 (kernels/internal/reference/softmax.h)."""
    tables = softmax_tables()
    wide = x.astype(np.int64)
    scaled = requantize(wide - wide.max(-1, keepdims=True), *softmax_scale(site))
    exps = looked_up(tables["exp"], scaled + 32767)
    total = exps.sum(-1, keepdims=True)
    zeros = 32 - bit_length(total)
    shifted = ((total << (zeros - 1)) + (1 << 13)) >> 14
    scale = looked_up(tables["reciprocal"], shifted - (1 << 15) - (1 << 16))
    right = 31 - zeros
    q = (exps * scale + (np.int64(1) << (right - 1))) >> right
    return np.asarray(np.clip(q, 0, 32767), np.int16)


def softmax_call(site: Site) -> list[Call]:
    """The call of SOFTMAX."""
    require_int16(site, 0)
    mult, shift = softmax_scale(site)
    row = site.output.shape[-1]
    rows = site.output.size // row
    return [
        Call(
            "softmax_16",
            {"row": row, "mult": mult, "shift": shift},
            (site.in_ref(0),),
            site.out_ref(),
            rows,
            consts=softmax_tables(),
            inplace=(0,),
            reads=(Rows(2 * row, rows),),
            row_bytes=2 * row,
        )
    ]
