# SPDX-License-Identifier: Apache-2.0
"""Scales and zero points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeinfer.errors import QuantizeError
from edgeinfer.quantize.params import (
    BIAS_LIMIT,
    INT8,
    NARROW,
    activation_quant,
    bias_quant,
    to_integers,
    to_reals,
    weight_quant,
)

BOUND = st.floats(-1e6, 1e6, width=32)


@given(BOUND, BOUND, st.floats(0, 1))
def test_zero_is_exact_and_error_at_most_half_a_step(a: float, b: float, part: float) -> None:
    low, high = min(a, b, 0.0), max(a, b, 0.0)
    quant = activation_quant(low, high)
    scale = float(quant.scale[0])
    values = np.array([0.0, low, high, low + (high - low) * part])
    back = to_reals(to_integers(values, quant, np.int8, INT8), quant)
    assert back[0] == 0.0
    assert scale > 0
    if high - low >= 1e-6:
        assert np.abs(back - values).max() <= scale * (0.5 + 1e-4)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=6, max_size=6))
def test_weights_round_trip_and_are_symmetric(values: list[float]) -> None:
    weights = np.array(values, np.float32).reshape(3, 2)
    for axis in (0, None):
        quant, _ = weight_quant(weights, axis, None, 1.0)
        q = to_integers(weights, quant, np.int8, NARROW)
        assert q.min() >= -127
        assert not quant.zero_point.any()
        scale = quant.scale.reshape(-1, 1) if axis == 0 else quant.scale
        assert (np.abs(to_reals(q, quant) - weights) <= scale * (0.5 + 1e-4)).all()


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [
        (0.0, 6.0, 6 / 255, -128),  # RELU6
        (-6.0, 0.0, 6 / 255, 127),
        (-1.0, 1.0, 2 / 255, 0),  # −128 + 127.5 rounds away from zero: −0.5 → −1, nudged below
        (2.0, 6.0, 6 / 255, -128),  # widened to contain 0
        (0.0, 0.0, 1 / 255, -128),  # nothing seen
    ],
)
def test_activation_quant(low: float, high: float, scale: float, zero_point: int) -> None:
    quant = activation_quant(low, high)
    assert quant.scale[0] == np.float32(scale)
    assert abs(int(quant.zero_point[0]) - zero_point) <= (low == -1.0)


def test_infinite_range_is_refused() -> None:
    with pytest.raises(QuantizeError, match="no scale"):
        activation_quant(0.0, float("inf"))
    with pytest.raises(QuantizeError):
        activation_quant(-3e38, 3e38)


def test_dead_channels_get_a_usable_scale() -> None:
    weights = np.array([[1.0, -2.0], [0.0, 0.0], [1e-30, 0.0]], np.float32)
    quant, dead = weight_quant(weights, 0, None, 1.0)
    assert dead == 2
    assert quant.scale[0] == np.float32(2 / 127)
    assert (quant.scale[1:] > 1e-9).all()
    quant, dead = weight_quant(np.zeros((2, 2), np.float32), None, None, 1.0)
    assert (quant.scale[0], dead) == (pytest.approx(2.0**-20), 1)


def test_bias_never_leaves_int32() -> None:
    weights = np.array([[1e-6, 1e-7], [1.0, 2.0]], np.float32)
    bias = np.array([-500.0, 3.0], np.float32)
    for axis in (0, None):
        quant, _ = weight_quant(weights, axis, bias, 1e-6)
        own = bias_quant(quant, 1e-6)
        q = to_integers(bias, own, np.int64, (-(2**40), 2**40))
        assert np.abs(q).max() <= BIAS_LIMIT * (1 + 1e-6)
        assert to_reals(q, own) == pytest.approx(bias, rel=1e-5)
    quant, _ = weight_quant(weights, 0, bias, 1e-6)
    assert quant.scale[1] == np.float32(2 / 127)  # the other channel keeps its precision
