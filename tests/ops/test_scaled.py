# SPDX-License-Identifier: Apache-2.0
"""Filters that one shift serves: every sum's output against the double rounding, and which filters
have no such numbers."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer.numerics.fixed_point import requantize
from edgeinfer.ops.filters import filter_pairs, filters_3x3_scaled
from edgeinfer.ops.scaled import LEAST_RIGHT, MAX_RIGHT_SHIFT, SHIFT, scaled


def outputs(sums: np.ndarray, bias: int, mult: int, more: int, zero: int) -> np.ndarray:
    """What ei_scaled_value gives, in Python's integers."""
    offset = ((2 * zero + 1) << (SHIFT - 1)) + more
    found = [((256 * int(s) + bias) * mult >> 32) + offset >> SHIFT for s in sums]
    return np.clip(found, -128, 127)


@pytest.mark.parametrize("zero", [-128, -5, 127])
@pytest.mark.parametrize("right", [LEAST_RIGHT, 7, 9])
@pytest.mark.parametrize("bias", [0, 777, -20_000, 1 << 22, -(1 << 28)])
def test_every_sum_has_its_output(zero: int, right: int, bias: int) -> None:
    rng = np.random.default_rng([zero + 128, right, abs(bias)])
    mult = rng.integers(1 << 30, 1 << 31, 3)
    reach = np.array([1000, 30_000, 0])
    made = scaled(np.full(3, bias), reach, mult, np.full(3, -right), zero)
    assert made is not None
    for o in range(3):
        sums = np.arange(-reach[o], reach[o] + 1)
        assert np.all(np.abs(256 * sums + made.bias[o]) < 1 << 31)
        wanted = requantize(bias + sums, np.array(mult[o]), np.array(-right)).astype(np.int64)
        got = outputs(sums, int(made.bias[o]), int(made.mult[o]), made.more, zero)
        np.testing.assert_array_equal(np.maximum(got, zero), np.clip(wanted + zero, zero, 127))


@pytest.mark.parametrize("bias", [0, -20_000, (1 << 19) - 1, 1 << 22])
def test_shared_bits_are_the_multipliers_too(bias: int) -> None:
    """Every sum has its output with biases of 28 bits, the last 4 of which are the multiplier's."""
    rng = np.random.default_rng(bias & 0xFF)
    mult, right = rng.integers(1 << 30, 1 << 31, 3), np.array([5, 8, 12])
    reach, sums = np.array([20_000, 70_000, 0]), np.arange(-70_000, 70_001)
    made = scaled(np.full(3, bias), reach, mult, -right, -128, 4, 28, 2047)
    assert made is not None
    assert np.all((made.bias - made.mult) % 16 == 0) and np.all(np.abs(made.bias) < 1 << 27)
    for o in range(3):
        some = sums[np.abs(sums) <= reach[o]]
        wanted = requantize(bias + some, np.array(mult[o]), -right[o : o + 1]).astype(np.int64)
        got = outputs(some, int(made.bias[o]), int(made.mult[o]), made.more, -128)
        np.testing.assert_array_equal(got, np.clip(wanted - 128, -128, 127))


def test_a_bias_that_its_bits_do_not_hold_has_no_numbers() -> None:
    """Unless all outputs are the same."""
    reach, mult = np.array([100_000]), np.array([3 << 29])
    for bias, right in [(1 << 19, 12), (1 << 20, 13)]:
        shift = np.array([-right])
        assert scaled(np.array([bias]), reach, mult, shift, -128, 4, 28, 9) is None
        assert scaled(np.array([bias]), reach, mult, shift, -128) is not None
    assert scaled(np.array([1 << 20]), reach, mult, np.array([-5]), -128, 4, 28, 9) is not None


def test_numbers_are_sought_for_all_filters_together() -> None:
    """Some filters have none without `more`, as their outputs change close to sums."""
    rng = np.random.default_rng(4)
    mult = rng.integers(1 << 30, 1 << 31, 400)
    bias, reach = rng.integers(-9999, 9999, 400), np.full(400, 60_000)
    made = scaled(bias, reach, mult, np.full(400, -7), -128)
    assert made is not None and made.more > 0


@pytest.mark.parametrize(
    "right", [LEAST_RIGHT - 1, LEAST_RIGHT, MAX_RIGHT_SHIFT, MAX_RIGHT_SHIFT + 1]
)
def test_shifts_out_of_range_have_none(right: int) -> None:
    made = scaled(np.zeros(2), np.array([8, 0]), np.full(2, 3 << 29), np.array([-right, -1]), 0)
    assert (made is not None) == (LEAST_RIGHT <= right <= MAX_RIGHT_SHIFT)


@pytest.mark.parametrize("reach", [(1 << 23) - 200, 1 << 23])
def test_sums_must_fit(reach: int) -> None:
    made = scaled(np.zeros(1), np.array([reach]), np.full(1, 3 << 29), np.full(1, -14), 0)
    assert (made is not None) == (reach < 1 << 23)


def test_depthwise_records() -> None:
    """A record is four words: multiplier, eight weights, the ninth with 24 bits of the bias."""
    weights = np.arange(1, 10, dtype=np.int8).reshape(3, 3, 1) * np.array([1, -1], np.int8)
    bias, mult, shift = np.array([100, -50]), np.array([3 << 29, 5 << 28]), np.array([-6, -7])
    stream = filters_3x3_scaled(weights, bias, mult, shift, -5)
    assert stream is not None and len(stream) == 1 + 2 * 4
    made = scaled(bias, np.full(2, 255 * 45), mult, shift, -5, 4, 28, 2047)
    assert made is not None and int(stream[0]) == made.more
    for o, (sign, record) in enumerate(zip((1, -1), stream[1:].reshape(2, 4), strict=True)):
        total = made.bias[o]
        assert record[0] == made.mult[o] and int(record[3]) >> 8 == total >> 4
        # Rows are 1 2 3, 4 5 6, 7 8 9: columns begin with 1, 2 and 3.
        assert (record[1:3].view("i1") * sign).tolist() == [2, 1, 8, 7, 4, 3, 5, 9]
        assert np.int64(record[3]).astype("i1") * sign == 6


@pytest.mark.parametrize("floor", [None, 3])
def test_records(floor: int | None) -> None:
    """A record of filters with one shift is shorter by the shifts."""
    weights = np.array([[1, 2, 3, 4, 5], [-6, 7, 8, 9, 10], [11, 0, 0, 0, 0]], np.int8)
    bias, mult = np.array([100, -50, 30]), np.full(3, 3 << 29)
    stream = filter_pairs(weights, bias, mult, np.array([-6, -7, -5]), floor)
    assert stream is not None and len(stream) == 1 + 2 * (1 + 4 + (4 if floor is None else 3))
    record = stream[1:].reshape(2, -1)
    assert int(stream[0]) & 0xFF == (floor is not None)
    words = record[:, 1:5].copy().view("<i2")
    assert words[0].tolist() == [1 - 1536, 3 + 2048, 2 + 1792, 4 + 2304, 5 + 2560, 0, 0, 0]
    if floor is None:
        assert record[:, 0].tolist() == [-100, 0] and record[:, 5].tolist() == [200, 60]
        assert record[:, 6:8].tolist() == [[3 << 29] * 2, [3 << 29, 0]]
        assert record[:, 8].tolist() == [6 + 256 * 7, 5 + 256]
