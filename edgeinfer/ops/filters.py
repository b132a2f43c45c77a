# SPDX-License-Identifier: Apache-2.0
"""Filters as the fast kernels read them: pairs, rows, quads (csrc/isa/<layout>.h), 3x3 (tile.h),
along one axis (line.h)."""

from __future__ import annotations

import numpy as np

from edgeinfer.boards.board import SMALL
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, requantize
from edgeinfer.ops.scaled import MAX_RIGHT_SHIFT, scaled

ROWS_SPARE = 16  # EI_ROWS_SPARE
TILE_LEAST_RIGHT = 11  # EI_TILE_LEAST_RIGHT
LINE_TAPS = 16  # EI_LINE_TAPS
NIBBLES = ("pairs", SMALL)  # layouts that keep 4-bit weights; other cores lose more than flash
MAX_NIBBLES = 65_535  # inputs of a filter of 4-bit weights
BLOCK = {"": 16, "_pairs": 4, "_quads": 16}  # vectors that a kernel computes together
_ORDER = (0, 2, 1, 3)  # of four inputs
_QUAD_CHANNELS = 16  # EI_QUAD_CHANNELS
TILE_SHARED = 4  # last bits that a record's bias and multiplier have in common (csrc/isa/tile.h)
TILE_BITS = 24 + TILE_SHARED  # of its bias
TILE_MORE = (1 << 11) - 1  # most that filters add to the half that rounds: half as much
_FILTER_3X3 = np.dtype([("bias", "<i4"), ("mult", "<i4"), ("weights", "i1", (3, 4))])
_SCALED_ORDER = (3, 0, 5, 2, 1, 6, 4, 8, 7)  # of weights [column, row]: ei_filter_scaled_weights


def filters_for(
    layout: str,
    weights: Array,
    bias: Ints,
    mult: Ints,
    shift: Ints,
    rows: int = 1,
    floor: int | None = None,
) -> tuple[str, dict[str, Array]]:
    """The ending of the name of the kernel for filters [o, n] in a layout, and its constants.

    Multipliers and shifts are [o], or [1] for all filters. `rows`: those of a window that lie
    apart in the input. `floor`: the outputs' zero point, where an activation clamps them to it."""
    mult, shift = (np.broadcast_to(values, len(weights)) for values in (mult, shift))
    stream = None
    if layout == SMALL:
        layout = "pairs"
    if layout == "pairs":
        stream = filter_pairs(_by_words(weights, rows), bias, mult, shift, floor)
    elif layout == "quads":
        stream = filter_quads(weights, bias, mult, shift)
    if stream is not None:
        return f"_{layout}", {"weights": stream}
    return "", filter_rows(weights, bias, mult, shift)


def _by_words(weights: Array, rows: int) -> Array:
    """Filters with words of each row first, then the rows' tails; or with each row filled up to
    words, where that takes no more inputs (csrc/kernels/conv_2d_pairs.c)."""
    apart = weights.reshape(len(weights), rows, -1)
    n = apart.shape[2]
    if rows * -(-n // 4) == -(-rows * n // 4):
        return np.pad(apart, ((0, 0), (0, 0), (0, -n % 4))).reshape(len(weights), -1)
    words = n // 4 * 4
    parts = [part.reshape(len(weights), -1) for part in (apart[..., :words], apart[..., words:])]
    return np.concatenate(parts, 1)


def filter_pairs(
    weights: Array, bias: Ints, mult: Ints, shift: Ints, floor: int | None = None
) -> Array | None:
    """The stream of filters [o, n] with their bias, multiplier and shift [o], as int32
    words, which the image aligns; `floor` as `filters_for` has it.

    None where the kernels' arithmetic would not be exact, which takes weights or shifts beyond
    anything usual: another kernel has to do it."""
    channels, n = weights.shape
    bias, mult, shift = without_dead(weights, bias, mult, shift)
    w = np.zeros((-(-channels // 2) * 2, -(-n // 4) * 4), np.int64)
    w[:channels, :n] = weights
    sums = np.abs(w).sum(1)
    low, high = w[0::2], w[1::2]
    joined = high * 256 + low
    reach = 128 * sums[:channels]
    exact = rounds_briefly(bias, reach, shift) and np.all(sums < 1 << 16) and w.min() > -128
    if not exact:
        return None
    brief = None if floor is None else scaled(bias, reach, mult, shift, floor)
    # A missing last channel has weights of zero, and its output is not written.
    spare = len(w) - channels
    if brief is not None:
        head, shifts = 1 | brief.more << 8, np.zeros((len(joined), 0), "<i4")
        bias, mult = brief.bias, brief.mult
    else:
        head, bias = 0, 2 * bias
        padded = np.pad(-shift, (0, spare), constant_values=1).reshape(-1, 2)
        shifts = np.pad(padded, ((0, 0), (0, 2))).astype("u1").view("<i4")
    bias, mult = (np.pad(v, (0, spare)).reshape(-1, 2).astype("<i4") for v in (bias, mult))
    words = joined.reshape(len(joined), -1, 4)[:, :, _ORDER].astype("<i2")
    raw = np.ascontiguousarray(words.reshape(len(joined), -1)).view("<i4")
    records = np.hstack([bias[:, 1:], raw, bias[:, :1], mult, shifts])
    stream: Array = np.concatenate([np.array([head], "<i4"), records.reshape(-1)])
    return stream


def filter_quads(weights: Array, bias: Ints, mult: Ints, shift: Ints) -> Array | None:
    """The stream of filters [o, n] in quads, as int32 words; None as above."""
    channels, n = weights.shape
    bias, mult, shift = without_dead(weights, bias, mult, shift)
    sums = 128 * np.abs(weights.astype(np.int64)).sum(1)
    if weights.min() == -128 or not rounds_briefly(bias, sums, shift):
        return None
    groups, quads = -(-channels // _QUAD_CHANNELS), -(-n // 4)
    spare = groups * _QUAD_CHANNELS - channels
    w = np.pad(weights, ((0, spare), (0, 4 * quads - n)))
    w = w.reshape(groups, _QUAD_CHANNELS, quads, 4).transpose(0, 2, 1, 3)
    words = np.ascontiguousarray(w).view("<i4").reshape(groups, -1)
    heads = [
        np.pad(values, (0, spare), constant_values=fill).reshape(groups, -1).astype("<i4")
        for values, fill in ((bias, 0), (mult, 0), (-shift, 1))
    ]
    return np.hstack([*heads, words])


def filter_rows(weights: Array, bias: Ints, mult: Ints, shift: Ints) -> dict[str, Array]:
    """The filters [o, n] as rows (csrc/isa/rows.h): the constants that the kernels name."""
    bias, mult, shift = without_dead(weights, bias, mult, shift)
    spare = np.zeros(ROWS_SPARE, np.int8)
    return {
        "weights": np.concatenate([np.ascontiguousarray(weights).reshape(-1), spare]),
        "bias": bias.astype("<i4"),
        "mult": mult.astype("<i4"),
        "shift": shift.astype("i1"),
    }


def filter_nibbles(weights: Array, bias: Ints, mult: Ints, shift: Ints) -> dict[str, Array] | None:
    """Filters [o, n] of 4-bit weights two to a byte (csrc/isa/nibbles.h): the constants that the
    kernel names; None for larger weights."""
    if weights.min() < -8 or weights.max() > 7 or weights.shape[1] > MAX_NIBBLES:
        return None
    channels, n = weights.shape
    mult, shift = (np.broadcast_to(values, channels) for values in (mult, shift))
    bias, mult, shift = without_dead(weights, bias, mult, shift)
    w = np.pad(weights, ((0, channels % 2), (0, -n % 4)))
    return {
        "weights": (w[0::2] & 15) | (w[1::2] << 4),
        "bias": bias.astype("<i4"),
        "mult": mult.astype("<i4"),
        "shift": shift.astype("i1"),
    }


def filters_3x3(weights: Array, bias: Ints, mult: Ints, shift: Ints) -> Array | None:
    """Records of the depthwise filters [3, 3, o] (csrc/isa/tile.h), as words; None as above."""
    flat = weights.reshape(9, -1).T
    bias, mult, shift = without_dead(flat, bias, mult, shift)
    sums = 255 * np.abs(flat.astype(np.int64)).sum(1)
    if not rounds_briefly(bias, sums, shift):
        return None
    # Beyond 2^20 outputs are saturated, as then they are without what the bias has more.
    most = np.where(-shift <= TILE_LEAST_RIGHT, (1 << 20) + sums, 1 << 30)
    bias = np.clip(bias.astype(np.int64), -most, most)
    records = np.zeros(len(flat), _FILTER_3X3)
    records["bias"], records["mult"] = 2 * bias, mult
    records["weights"][:, :, :3] = weights.transpose(2, 1, 0)
    records["weights"][:, 0, 3] = -shift
    return records.view("<i4").reshape(len(flat), -1)


def filters_3x3_scaled(
    weights: Array, bias: Ints, mult: Ints, shift: Ints, floor: int
) -> Array | None:
    """The same of filters that one shift serves: what they add to the half that rounds, and the
    records (ei_filter_scaled); `floor` as `filters_for` has it. None where no numbers give all
    bytes."""
    flat = weights.reshape(9, -1).T
    bias, mult, shift = without_dead(flat, bias, mult, shift)
    reach = 255 * np.abs(flat.astype(np.int64)).sum(1)
    brief = scaled(bias, reach, mult, shift, floor, TILE_SHARED, TILE_BITS, TILE_MORE)
    if brief is None:
        return None
    nine = weights.transpose(2, 1, 0).reshape(len(flat), 9)[:, _SCALED_ORDER]
    last = (brief.bias >> TILE_SHARED << 8) | (nine[:, 8].astype(np.int64) & 255)
    words = np.ascontiguousarray(nine[:, :8]).view("<i4")
    records = np.hstack([brief.mult[:, None], words, last[:, None]]).astype("<i4")
    stream: Array = np.concatenate([np.array([brief.more], "<i4"), records.reshape(-1)])
    return stream


def filters_line(weights: Array, bias: Ints, mult: Ints, shift: Ints) -> Array | None:
    """Records of depthwise filters [taps, o] along one axis (csrc/isa/line.h), as words; None as
    above, or with too many taps."""
    flat = weights.T
    bias, mult, shift = without_dead(flat, bias, mult, shift)
    sums = 255 * np.abs(flat.astype(np.int64)).sum(1)
    if len(weights) > LINE_TAPS or not rounds_briefly(bias, sums, shift):
        return None
    heads = np.stack([2 * bias, mult], 1).astype("<i4").view("i1")
    bytes_ = np.concatenate([-shift[:, None].astype("i1"), flat], 1)
    return np.hstack([heads, np.pad(bytes_, ((0, 0), (0, -bytes_.shape[1] % 4)))]).view("<i4")


def rounds_briefly(bias: Ints, sums: Ints, shift: Ints) -> bool:
    """Whether ei_output_twice gives each channel's outputs; `sums` bound their magnitudes."""
    right = -shift.astype(np.int64)
    small = np.abs(bias.astype(np.int64)) + sums < 1 << 30
    return bool(np.all((right >= 1) & (right <= MAX_RIGHT_SHIFT) & small))


def without_dead(weights: Array, bias: Ints, mult: Ints, shift: Ints) -> tuple[Ints, Ints, Ints]:
    """Bias, multiplier and shift, of the usual size also for dead channels.

    Training leaves channels without weights, whose bias and shift can be anything. What they add to
    the output's zero point is one number k: it is 4 k with a scale of 1/4."""
    k = requantize(bias, mult, shift)
    dead = ~weights.any(1) & (np.abs(k.astype(np.int64)) < 1 << 30)  # else the zero point wraps it
    k = np.clip(k, -255, 255)
    return (
        np.where(dead, 4 * k, bias),
        np.where(dead, 1 << 30, mult),
        np.where(dead, -1, shift),
    )
