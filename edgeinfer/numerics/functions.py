# SPDX-License-Identifier: Apache-2.0
"""Transcendental functions in fixed point, equal to gemmlowp's; csrc/functions.h and functions16.h
have them in C.

Qn: n integer bits. `fraction` is 31 for numbers of int32 and 15 for those of int16, as recurrent
cells take them: so many bits of Q0 are behind the point. All are int64 arrays. The constants are
gemmlowp's (fixedpoint/fixedpoint.h), which rounds those of 32 bits to 16."""

from __future__ import annotations

import functools

import numpy as np

from edgeinfer.numerics.fixed_point import (
    INT32_MAX,
    Ints,
    bit_length,
    div_pot,
    mul_high,
    shl_saturate,
    wrap,
)

SUM_BITS = 12  # integer bits of a sum of exponentials


def _constant(value: int, fraction: int) -> Ints:
    return div_pot(np.asarray(value), 31 - fraction)


def _exp_quarter(a: Ints, fraction: int) -> Ints:
    """exp(a) for a in [−1/4, 0), Q0 to Q0."""
    x = a + (1 << (fraction - 3))
    x2 = mul_high(x, x, fraction)
    x3, x4 = mul_high(x2, x, fraction), mul_high(x2, x2, fraction)
    third, middle = (_constant(c, fraction) for c in (715827883, 1895147668))
    tail = mul_high(div_pot(x4, 2) + x3, third, fraction) + x2
    return shl_saturate(middle + mul_high(x + div_pot(tail, 1), middle, fraction), 0, fraction)


def exp_negative(a: Ints, integer_bits: int, fraction: int = 31) -> Ints:
    """exp(a) for a ≤ 0, Q`integer_bits` to Q0: exp_on_negative_values."""
    a = np.asarray(a, np.int64)
    behind = fraction - integer_bits
    quarter = 1 << (behind - 2)
    low = (a & (quarter - 1)) - quarter
    rest = low - a
    result = _exp_quarter(shl_saturate(low, integer_bits, fraction), fraction)
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for k, factor in enumerate(factors, start=-2):
        if integer_bits > k:
            bit = (rest >> (behind + k)) & 1
            product = mul_high(result, _constant(factor, fraction), fraction)
            result = np.where(bit == 1, product, result)
    if integer_bits > 5:
        result = np.where(a < -32 << behind, 0, result)
    return np.where(a == 0, (1 << fraction) - 1, result)


def _half_reciprocal(x: Ints, fraction: int) -> Ints:
    """1 / (1 + x) for x in [0, 1], Q0 to Q2."""
    half = (np.asarray(x, np.int64) + (1 << fraction)) // 2
    slope = mul_high(half, _constant(-1010580540, fraction), fraction)
    r: Ints = _constant(1515870810, fraction) + slope
    for _ in range(3):
        error = (1 << (fraction - 2)) - mul_high(half, r, fraction)
        r = r + shl_saturate(mul_high(r, error, fraction), 2, fraction)
    return r


def one_over_one_plus(x: Ints, fraction: int = 31) -> Ints:
    """1 / (1 + x) for x in [0, 1), Q0 to Q0: one_over_one_plus_x_for_x_in_0_1."""
    return shl_saturate(_half_reciprocal(x, fraction), 1, fraction)


def logistic(x: Ints, integer_bits: int, fraction: int = 31) -> Ints:
    """1 / (1 + exp(−x)), Q`integer_bits` to Q0: gemmlowp's logistic."""
    x = np.asarray(x, np.int64)
    positive = one_over_one_plus(exp_negative(-np.abs(x), integer_bits, fraction), fraction)
    negative = (1 << fraction) - 1 - positive
    return np.where(x > 0, positive, np.where(x < 0, negative, 1 << (fraction - 1)))


def tanh(x: Ints, integer_bits: int, fraction: int = 31) -> Ints:
    """tanh(x), Q`integer_bits` to Q0: gemmlowp's tanh, (1 − e) / (1 + e) with e = exp(−2 |x|)."""
    x = np.asarray(x, np.int64)
    e = exp_negative(-np.abs(x), integer_bits + 1, fraction)
    ratio = shl_saturate(_half_reciprocal(e, fraction) - (1 << (fraction - 2)), 2, fraction)
    return np.where(x > 0, ratio, np.where(x < 0, -ratio, 0))


@functools.lru_cache(1024)  # a table of int8 asks for the same ones each time
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
    zeros = 32 - bit_length(x & 0xFFFFFFFF)
    shifted = ((x << zeros) & 0xFFFFFFFF) - (1 << 31)
    return one_over_one_plus(shifted), integer_bits - zeros


def log_of_sum(x: Ints) -> Ints:
    """log(x) of numbers ≥ 1 in Q`SUM_BITS`, in Q5: log_x_for_x_greater_than_or_equal_to_1.

    As TFLite has it (kernels/internal/common.h): x = 2^n r with r around 2^(−1/4), and a quotient
    of polynomials for log(r)."""
    x = np.asarray(x, np.int64)
    root_half, middle = 1518500250, 1805811301  # 2^(−1/2), 2^(−1/4)
    behind, quarter = 31 - 6, 1 << (29 - 6)  # of Q6
    zeros = 32 - bit_length(x)
    half = mul_high(x, root_half)
    zeros_half = 32 - bit_length(half)
    low = shl_saturate(mul_high(x << (zeros - 1), root_half), 1)
    high = np.minimum(x << (zeros_half - 1), (1 << 31) - 1)
    r = np.minimum(low, high)
    power = np.maximum(
        ((SUM_BITS - zeros) << behind) + quarter, ((SUM_BITS + 1 - zeros_half) << behind) - quarter
    )
    mean, q = (r + middle + 1) // 2, wrap(2 * (r - middle))
    square = mul_high(q, q)
    numerator = mul_high(q, r) + mul_high(mul_high(q, square), 117049297)
    inner = 1057819769 + q + mul_high(square, 127690142)
    denominator = mul_high(mean, inner) + mul_high(q, 638450708)
    fraction = mul_high(div_pot(numerator, 6), one_over_one_plus(denominator))
    return shl_saturate(mul_high(power, 1488522236) + fraction, 1)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """CalculateInputRadius in TFLite (kernels/internal/quantization_util.cc), 31 signed bits."""
    top = float((1 << integer_bits) - 1) * float(1 << (31 - integer_bits))
    return int(np.floor(top / (1 << left_shift) if left_shift >= 0 else top * (1 << -left_shift)))
