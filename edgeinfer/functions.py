# SPDX-License-Identifier: Apache-2.0
"""Transcendental functions in fixed point, equal to gemmlowp's; csrc/functions.h has them in C.

Qn: n integer bits, 31 − n fractional ones, as int64 arrays that hold int32 values. The constants
are gemmlowp's (fixedpoint/fixedpoint.h)."""

from __future__ import annotations

import numpy as np

from edgeinfer.fixed_point import INT32_MAX, Ints, div_pot, mul_high, shl_saturate, wrap

SUM_BITS = 12  # integer bits of a sum of exponentials


def _exp_quarter(a: Ints) -> Ints:
    """exp(a) for a in [−1/4, 0), Q0 to Q0."""
    x = wrap(a + (1 << 28))
    x2 = mul_high(x, x)
    x3, x4 = mul_high(x2, x), mul_high(x2, x2)
    tail = wrap(mul_high(wrap(div_pot(x4, 2) + x3), 715827883) + x2)
    constant = np.int64(1895147668)
    return wrap(constant + mul_high(wrap(x + div_pot(tail, 1)), 1895147668))


def exp_negative(a: Ints, integer_bits: int) -> Ints:
    """exp(a) for a ≤ 0, Q`integer_bits` to Q0: exp_on_negative_values."""
    a = np.asarray(a, np.int64)
    fraction = 31 - integer_bits
    quarter = 1 << (fraction - 2)
    low = (a & (quarter - 1)) - quarter
    rest = low - a
    result = _exp_quarter(shl_saturate(low, integer_bits))
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for k, factor in enumerate(factors, start=-2):
        if integer_bits > k:
            bit = (rest >> (fraction + k)) & 1
            result = np.where(bit == 1, mul_high(result, factor), result)
    return np.where(a == 0, INT32_MAX, result)


def one_over_one_plus(x: Ints) -> Ints:
    """1 / (1 + x) for x in [0, 1), Q0 to Q0: one_over_one_plus_x_for_x_in_0_1."""
    half = (np.asarray(x, np.int64) + INT32_MAX + 1) // 2
    r = wrap(1515870810 + mul_high(half, -1010580540))
    for _ in range(3):
        error = wrap((1 << 29) - mul_high(half, r))
        r = wrap(r + shl_saturate(mul_high(r, error), 2))
    return shl_saturate(r, 1)


def logistic(x: Ints, integer_bits: int) -> Ints:
    """1 / (1 + exp(−x)), Q`integer_bits` to Q0: gemmlowp's logistic."""
    x = np.asarray(x, np.int64)
    positive = one_over_one_plus(exp_negative(-np.abs(x), integer_bits))
    return np.where(x > 0, positive, np.where(x < 0, INT32_MAX - positive, 1 << 30))


def tanh(x: Ints, integer_bits: int) -> Ints:
    """tanh(x), Q`integer_bits` to Q0: gemmlowp's tanh, (1 − e) / (1 + e) with e = exp(−2 |x|)."""
    x = np.asarray(x, np.int64)
    e = exp_negative(wrap(-np.abs(x)), integer_bits + 1)
    ratio = _one_minus_over_one_plus(e)
    return np.where(x > 0, ratio, np.where(x < 0, -ratio, 0))


def _one_minus_over_one_plus(x: Ints) -> Ints:
    """(1 − x) / (1 + x) for x in [0, 1], Q0 to Q0: one_minus_x_over_one_plus_x_for_x_in_0_1."""
    half = (x + INT32_MAX + 1) // 2
    r = wrap(1515870810 + mul_high(half, -1010580540))
    for _ in range(3):
        error = wrap((1 << 29) - mul_high(half, r))
        r = wrap(r + shl_saturate(mul_high(r, error), 2))
    return shl_saturate(wrap(r - (1 << 29)), 2)


def inverse_root(x: int) -> tuple[int, int]:
    """1 / √x as (Q31 multiplier, shift): GetInvSqrtQuantizedMultiplierExp in TFLite."""
    if x <= 1:
        return INT32_MAX, 0
    power = 11
    while x >= 1 << 29:
        x, power = x // 4, power + 1
    pairs = (31 - x.bit_length()) // 2 - 1
    power -= pairs
    x <<= 2 * pairs
    value: Ints = np.asarray(x >> 1, np.int64)  # Q3
    half, three_halves = div_pot(value, 1), np.asarray((1 << 28) + (1 << 27))
    r: Ints = np.asarray(1 << 28, np.int64)
    for _ in range(5):
        cube = shl_saturate(mul_high(mul_high(r, r), r), 6)
        r = shl_saturate(wrap(mul_high(three_halves, r) - mul_high(half, cube)), 3)
    root = int(mul_high(r, 1518500250))  # √2 / 2
    if power < 0:
        root, power = root << -power, 0
    return root, -power


def reciprocal(x: Ints, integer_bits: int) -> tuple[Ints, Ints]:
    """1 / x of positive Q`integer_bits` numbers as (scale in Q0, bits) with 1/x = scale·2**−bits.

    As GetReciprocal in TFLite (kernels/internal/common.h)."""
    x = np.asarray(x, np.int64)
    zeros = 31 - np.floor(np.log2(np.maximum(x, 1).astype(np.float64))).astype(np.int64)
    shifted = ((x << zeros) & 0xFFFFFFFF) - (1 << 31)
    return one_over_one_plus(shifted), integer_bits - zeros


def input_radius(integer_bits: int, left_shift: int) -> int:
    """CalculateInputRadius in TFLite (kernels/internal/quantization_util.cc), 31 signed bits."""
    top = float((1 << integer_bits) - 1) * float(1 << (31 - integer_bits))
    return int(np.floor(top / (1 << left_shift) if left_shift >= 0 else top * (1 << -left_shift)))
