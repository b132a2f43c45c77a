# SPDX-License-Identifier: Apache-2.0
"""The functions of functions.py in 16-bit fixed point, as recurrent cells take them; in C they are
csrc/functions16.h.

Qn: n integer bits, 15 − n fractional ones, as int64 arrays that hold int16 values. Constants and
order of rounding are gemmlowp's (fixedpoint/fixedpoint.h) for int16."""

from __future__ import annotations

import numpy as np

from edgeinfer.fixed_point import Ints, div_pot

MIN, MAX = -(1 << 15), (1 << 15) - 1


def mul16(a: Ints, b: Ints | int) -> Ints:
    """SaturatingRoundingDoublingHighMul for int16."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.minimum((product + (1 << 14)) >> 15, MAX)


def shl16(x: Ints, n: int) -> Ints:
    """SaturatingRoundingMultiplyByPOT for int16 and n ≥ 0."""
    return np.clip(np.asarray(x, np.int64) << n, MIN, MAX)


def _exp_quarter(a: Ints) -> Ints:
    """exp(a) for a in [−1/4, 0), Q0 to Q0."""
    x = a + (1 << 12)
    x2 = mul16(x, x)
    x3, x4 = mul16(x2, x), mul16(x2, x2)
    tail = div_pot(mul16(div_pot(x4, 2) + x3, 10923) + x2, 1)
    return np.clip(28918 + mul16(x + tail, 28918), MIN, MAX)


def exp_negative(a: Ints, integer_bits: int) -> Ints:
    """exp(a) for a ≤ 0, Q`integer_bits` to Q0: exp_on_negative_values."""
    a = np.asarray(a, np.int64)
    fraction = 15 - integer_bits
    quarter = 1 << (fraction - 2)
    low = (a & (quarter - 1)) - quarter
    rest = low - a
    result = _exp_quarter(shl16(low, integer_bits))
    factors = (25520, 19875, 12055, 4435, 600, 11, 0)
    for k, factor in enumerate(factors, start=-2):
        if integer_bits > k:
            bit = (rest >> (fraction + k)) & 1
            result = np.where(bit == 1, mul16(result, factor), result)
    if integer_bits > 5:
        result = np.where(a < -32 << fraction, 0, result)
    return np.where(a == 0, MAX, result)


def _half_reciprocal(x: Ints) -> Ints:
    """1 / (1 + x) for x in [0, 1), Q0 to Q2."""
    half = (np.asarray(x, np.int64) + MAX + 1) // 2
    r = 23130 + mul16(half, -15420)
    for _ in range(3):
        r = r + shl16(mul16(r, (1 << 13) - mul16(half, r)), 2)
    return r


def logistic(x: Ints, integer_bits: int = 3) -> Ints:
    """1 / (1 + exp(−x)), Q`integer_bits` to Q0."""
    x = np.asarray(x, np.int64)
    positive = shl16(_half_reciprocal(exp_negative(-np.abs(x), integer_bits)), 1)
    return np.where(x > 0, positive, np.where(x < 0, MAX - positive, 1 << 14))


def tanh(x: Ints, integer_bits: int) -> Ints:
    """tanh(x), Q`integer_bits` to Q0."""
    x = np.asarray(x, np.int64)
    e = exp_negative(-np.abs(x), integer_bits + 1)
    positive = shl16(_half_reciprocal(e) - (1 << 13), 2)
    return np.where(x > 0, positive, np.where(x < 0, -positive, 0))
