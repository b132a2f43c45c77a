# SPDX-License-Identifier: Apache-2.0
"""Range estimators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer.errors import QuantizeError
from edgeinfer.quantize.ranges import METHODS, MinMax, Percentile, method


def test_minmax_contains_zero() -> None:
    found = MinMax()
    found.update(np.array([[3.0, 5.0]], np.float32))
    assert found.range() == (0.0, 5.0)
    found.update(np.array([-1.5], np.float32))
    assert found.range() == (-1.5, 5.0)


@settings(max_examples=50)
@given(st.integers(1, 400), st.integers(1, 60), st.sampled_from([60, 90, 99, 99.9, 100]))
def test_percentile_is_numpys_whatever_the_batches(n: int, step: int, percentile: float) -> None:
    values = np.random.default_rng(n).normal(size=n).astype(np.float32)
    found = Percentile(n, percentile)
    for i in range(0, n, step):
        found.update(values[i : i + step])
    low, high = np.percentile(values.astype(np.float64), [100 - percentile, percentile])
    assert found.range() == pytest.approx((min(low, 0), max(high, 0)), abs=1e-6)


def test_percentile_keeps_little() -> None:
    found = Percentile(1_000_000, 99.99)
    for i in range(10):
        found.update(np.full(100_000, i, np.float32))
    assert found._high.size + found._low.size < 300


def test_one_outlier_is_cut() -> None:
    values = np.ones(100_000, np.float32)
    values[500] = 1e6
    found = Percentile(values.size, 99.99)
    found.update(values)
    assert found.range() == (0.0, 1.0)


@pytest.mark.parametrize("name", ["mse", "entropy"])
def test_a_long_tail_is_cut_where_it_costs_least(name: str) -> None:
    random = np.random.default_rng(0)
    values = random.laplace(size=200_000).astype(np.float32)
    values[::20_000] = np.linspace(-200, 200, 10)
    found = method(name)(values.size, 100.0)
    for part in np.split(values, 10):
        found.update(part)
    low, high = found.range()
    assert 180 > -low > 3
    assert 180 > high > 3
    flat = method(name)(1000, 100.0)
    flat.update(np.linspace(0, 5, 1000, dtype=np.float32))
    assert flat.range() == pytest.approx((0.0, 5.0), abs=0.2)
    empty = method(name)(10, 100.0)
    empty.update(np.zeros(10, np.float32))
    assert empty.range() == (0.0, 0.0)


def test_unknown_method_and_wrong_percentile() -> None:
    with pytest.raises(QuantizeError, match=r"'best'.*minmax or percentile or mse or entropy"):
        method("best")
    for percentile in (0.0, 50.0, 101.0, float("nan")):
        with pytest.raises(QuantizeError, match="no percentile"):
            METHODS["percentile"](10, percentile)
