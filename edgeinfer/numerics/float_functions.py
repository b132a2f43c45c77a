# SPDX-License-Identifier: Apache-2.0
"""Transcendental functions of float32, each step rounded by itself: csrc/kernels/float_functions.h.

Every processor gives these bits, and so does numpy. All take and give float32 arrays.
Approximations are those of Moshier's Cephes library (https://www.netlib.org/cephes/)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array

F = np.float32
INFINITY, NAN = F(np.inf), F(np.nan)


def _polynomial(coefficients: Sequence[float], x: Array) -> Array:
    y = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        y = y * x + F(c)
    return y


def _expm1_near(r: Array) -> Array:
    """exp(r) − 1 for |r| ≤ 0.35."""
    c = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
         5.0000001201e-1)  # fmt: skip
    return np.asarray(_polynomial(c, r) * (r * r) + r)


def exp(x: Array) -> Array:
    """e to the power of x; what is below the smallest normal number is 0.

    Of float64, which no kernel computes, as exactly as numpy has it."""
    if x.dtype == np.float64:
        return np.asarray(np.exp(x))
    within = np.where((x >= -88) & (x <= 89), x, F(0))
    t = within * F(1.44269504)
    n = np.trunc(np.where(t < 0, t - F(0.5), t + F(0.5)))
    r = within - n * F(0.693359375) - n * F(-2.12194440e-4)
    bits = (_expm1_near(r) + F(1)).view(np.int32).astype(np.int64)
    power = n.astype(np.int64)
    exponent = (bits >> 23) + power
    y = (bits + (power << 23)).astype(np.uint32).view(np.float32)
    y = np.where(exponent <= 0, F(0), np.where(exponent >= 255, INFINITY, y))
    return np.where(x <= 89, np.where(x < -88, F(0), y), np.where(np.isnan(x), x, INFINITY))


def exp_double(x: Array) -> Array:
    """e to the power of float64, as csrc/kernels/detection.c computes it."""
    within = np.where((x < 709.75) & (x >= -745), x, 0.0)
    turns = within * 1.4426950408889634
    n = np.trunc(np.where(turns < 0, turns - 0.5, turns + 0.5))
    r = within - n * 6.93147180369123816490e-1 - n * 1.90821492927058770002e-10
    y = np.full_like(r, 1 / math.factorial(13))
    for k in range(12, -1, -1):
        y = y * r + 1 / math.factorial(k)
    y = np.ldexp(y, n.astype(np.int32))
    return np.where(x < 709.75, np.where(x < -745, 0.0, y), np.where(np.isnan(x), x, INFINITY))


def expm1(x: Array) -> Array:
    """exp(x) − 1."""
    near = (x > F(-0.35)) & (x < F(0.35))
    return np.where(near, _expm1_near(np.where(near, x, F(0))), exp(x) - F(1))


def log(x: Array) -> Array:
    """The natural logarithm."""
    c = (7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
         -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)  # fmt: skip
    m, n = np.frexp(np.where((x > 0) & (x < INFINITY), x, F(1)))
    low = m - F(1) < F(0.70710678) - F(1)
    n = (n - low).astype(np.float32)
    m = np.where(low, (m - F(1)) + (m - F(1)) + F(1), m - F(1))
    square = m * m
    y = _polynomial(c, m) * m * square
    y = y + n * F(-2.12194440e-4) - F(0.5) * square
    y = m + y + n * F(0.693359375)
    y = np.where(x == 0, -INFINITY, np.where(x < 0, NAN, y))
    return np.where(np.isnan(x) | (x == INFINITY), x, y)


def _sine(x: Array, ahead: int) -> Array:
    far = np.abs(x)
    far = np.where(far < INFINITY, far, F(0))
    far = np.where(far > 8192, np.fmod(far, F(6.2831855)), far)
    octant = (far * F(1.27323954)).astype(np.int64)
    octant = octant + (octant & 1)
    y = octant.astype(np.float32)
    far = far - y * F(0.78515625) - y * F(2.4187564849853515625e-4) - y * F(3.77489497744594108e-8)
    octant = octant + ahead
    z = far * far
    cosine = _polynomial((2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2), z)
    cosine = cosine * z * z - F(0.5) * z + F(1)
    sine = _polynomial((-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1), z) * z * far + far
    result = np.where(octant & 2, cosine, sine)
    negative = ((octant & 4) != 0) != ((x < 0) & (ahead == 0))
    return np.where(np.isfinite(x), np.where(negative, -result, result), NAN)


def sin(x: Array) -> Array:
    """The sine; beyond ±8192 of x modulo float32's 2 π."""
    return _sine(x, 0)


def cos(x: Array) -> Array:
    """The cosine, as `sin`."""
    return _sine(x, 2)


def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    c = (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1,
         -3.33332819422e-1)  # fmt: skip
    far = np.abs(x)
    near = np.where(far >= F(0.625), F(0), x)
    z = near * near
    y = np.where(far > F(9.1), F(1), F(1) - F(2) / (exp(far + far) + F(1)))
    y = np.where(x < 0, -y, y)
    return np.where(far >= F(0.625), y, _polynomial(c, z) * z * near + near)


def logistic(x: Array) -> Array:
    """1 / (1 + exp(−x)), cut off as in TFLite (kernels/internal/reference/logistic.h)."""
    y = np.where(x < -9, exp(x), F(1) / (F(1) + exp(-x)))
    return np.where(x > F(16.619047), F(1), y)


def erfc(x: Array) -> Array:
    """1 − erf(x)."""
    near = (7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3,
            -2.685381193529856e-2, 1.128358514861418e-1, -3.761262582423300e-1,
            1.128379165726710e0)  # fmt: skip
    middle = (2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1,
              -5.824733027278666e-1, 6.210004621745983e-1, -4.944515323274145e-1,
              3.404879937665872e-1, -2.741127028184656e-1, 5.638259427386472e-1)  # fmt: skip
    tail = (-1.047766399936249e1, 1.297719955372516e1, -7.495518717768503e0, 2.921019019210786e0,
            -1.015265279202700e0, 4.218463358204948e-1, -2.820767439740514e-1,
            5.641895067754075e-1)  # fmt: skip
    far, square = np.abs(x), x * x
    inverse = F(1) / np.where(far >= 1, far, F(1))
    z = inverse * inverse
    y = exp(-square) * inverse * np.where(far < 2, _polynomial(middle, z), _polynomial(tail, z))
    y = np.where(x < 0, F(2) - y, y)
    return np.where(far >= 1, y, F(1) - x * _polynomial(near, square))
