# SPDX-License-Identifier: Apache-2.0
"""TFLite's double-rounding fixed-point arithmetic in numpy, as csrc/fixed_point.h has it in C."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import QuantizeError

Ints = npt.NDArray[Any]
INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


def multiplier(scale: float) -> tuple[int, int]:
    """Q31 multiplier m and shift s with scale ≈ m · 2**(s − 31), m in [2**30, 2**31) or 0.

    As QuantizeMultiplier in TFLite (kernels/internal/quantization_util.cc).
    Raises QuantizeError if scale is not finite or negative."""
    if not math.isfinite(scale) or scale < 0:
        raise QuantizeError(
            f"A requantization scale is {scale}.", "A tensor's scale is damaged: convert again."
        )
    if scale == 0:
        return 0, 0
    mantissa, shift = math.frexp(scale)
    m = math.floor(mantissa * (1 << 31) + 0.5)
    if m == 1 << 31:
        m, shift = m // 2, shift + 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return INT32_MAX, 30
    return m, shift


def multipliers(scales: npt.NDArray[np.float64]) -> tuple[Ints, Ints]:
    """`multiplier` for each channel: int32 multipliers and int8 shifts."""
    pairs = [multiplier(float(s)) for s in scales]
    return np.array([p[0] for p in pairs], np.int32), np.array([p[1] for p in pairs], np.int8)


def wrap(x: Ints, bits: int = 32) -> Ints:
    """The low bits of int64 values, as signed arithmetic that wraps leaves them."""
    half = 1 << (bits - 1)
    return ((x + half) & (2 * half - 1)) - half


def mul_high(a: Ints, b: Ints | int, fraction: int = 31) -> Ints:
    """SaturatingRoundingDoublingHighMul of gemmlowp (fixedpoint/fixedpoint.h) on int64 arrays.

    Numbers have `fraction` bits behind the point: 31 those of int32, 15 those of int16."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.minimum((product + (1 << (fraction - 1))) >> fraction, (1 << fraction) - 1)


def div_pot(x: Ints, exponent: Ints | int) -> Ints:
    """RoundingDivideByPOT of gemmlowp: x / 2**exponent, halves away from zero."""
    x = np.asarray(x, np.int64)
    e = np.asarray(exponent, np.int64)
    mask = (np.int64(1) << e) - 1
    threshold = (mask >> 1) + (x < 0)
    return np.asarray((x >> e) + ((x & mask) > threshold))


def requantize(x: Ints, m: Ints | int, shift: Ints | int) -> Ints:
    """MultiplyByQuantizedMultiplier of TFLite (kernels/internal/common.h), rounding twice."""
    s = np.asarray(shift, np.int64)
    left = np.maximum(s, 0)
    return div_pot(mul_high(wrap(np.asarray(x, np.int64) << left), m), np.maximum(-s, 0))


def shl_saturate(x: Ints, n: int, fraction: int = 31) -> Ints:
    """SaturatingRoundingMultiplyByPOT of gemmlowp with a positive exponent, as `mul_high`."""
    return np.clip(np.asarray(x, np.int64) << n, -(1 << fraction), (1 << fraction) - 1)


def bit_length(x: Ints) -> Ints:
    """How many bits each number from 0 to 2**53 takes; 0 takes none."""
    return np.frexp(np.asarray(x, np.float64))[1].astype(np.int64)


def round_away(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """TfLiteRound: to the nearest integer, halves away from zero."""
    whole = np.trunc(x)
    rest = x - whole
    up, down = (rest >= 0.5).astype(x.dtype), (rest <= -0.5).astype(x.dtype)
    return np.asarray(whole + up - down)
