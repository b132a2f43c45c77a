# SPDX-License-Identifier: Apache-2.0
"""Samples that were whole numbers: amplified ones become what they were, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeinfer import tflite
from edgeinfer.graph import Array
from edgeinfer.quantize import quantize
from edgeinfer.quantize.grids import Grid, restored
from edgeinfer.quantize.outliers import outliers, tamed
from edgeinfer.quantize.samples import Samples
from tests.quantize.networks import classifier, noise


def whole(count: int, levels: int, step: float, origin: float, seed: int = 0) -> Array:
    """Samples [count, …] on a grid, of which the second half has few of the levels only."""
    random = np.random.default_rng(seed)
    numbers = random.integers(0, levels, (count, max(levels // 8, 40), 3))
    numbers[count // 2 :] //= 4
    return (numbers * np.float32(step) + np.float32(origin)).astype(np.float32)


@given(
    levels=st.sampled_from([64, 256, 4096, 65536]),
    step=st.floats(1e-3, 10),
    origin=st.floats(-0.9, 0.1),
    times=st.floats(1.6, 300),
    row=st.integers(0, 19),
    seed=st.integers(0, 9),
)
def test_what_was_amplified_becomes_what_it_was(
    levels: int, step: float, origin: float, times: float, row: int, seed: int
) -> None:
    x = whole(20, levels, step, origin * levels * step, seed)
    given_ = x.copy()
    given_[row] *= np.float32(times)
    found, by = restored(given_, [row])
    assert by == {row: pytest.approx(times, rel=1e-4)}
    others = np.isin(x[row], np.delete(x, row, 0))
    assert np.array_equal(found[row][others], x[row][others])
    assert np.abs(found[row] - x[row]).max() < 0.01 * step
    assert np.array_equal(np.delete(found, row, 0), np.delete(x, row, 0))


def test_what_tells_nothing_stays() -> None:
    x = whole(20, 256, 1 / 255, 0)
    same, by = restored(x, [3])
    assert by == {} and np.array_equal(same, x)
    real = np.random.default_rng(0).normal(size=x.shape).astype(np.float32)
    for odd in (np.where(x[3] > 0.5, 10.0, 0.0), x[3] * 10 + 1 / 60, real[3] * 10):
        given_ = x.copy()
        given_[3] = odd
        assert restored(given_, [3])[1] == {}
    for real_ in (real, real * np.float32(1e-40), np.append(real, real[:1] + 1e-7, 0)):
        real_[3] *= 10
        assert restored(real_, [3])[1] == {}


def test_an_image_that_was_not_scaled_at_all() -> None:
    numbers = whole(60, 256, 1, 0)
    x = numbers / np.float32(127.5) - np.float32(1)
    given_ = x.copy()
    given_[41] = numbers[41]  # 63 at most
    found, by = restored(given_, [])
    assert by == {41: pytest.approx(127.5)}
    assert np.array_equal(found, x)


@pytest.mark.parametrize("count", [1, 2, 3, 700])
def test_any_number_of_samples(count: int) -> None:
    x = whole(count, 256, 1 / 255, 0)
    given_ = x.copy()
    given_[0] *= 255
    found, by = restored(given_, [0])
    assert by == ({0: pytest.approx(255)} if count > 1 else {})
    assert np.allclose(found, x if count > 1 else given_, rtol=0, atol=1e-6)
    assert count < 4 or np.array_equal(found, x)  # where others have each of its values


@given(values=st.lists(st.integers(0, 300), min_size=3, max_size=9, unique=True))
def test_a_few_values_are_no_grid(values: list[int]) -> None:
    assert Grid.of(np.sort(np.float32(values))) is None


def test_an_amplified_image_changes_no_byte_of_the_model() -> None:
    graph = classifier()
    x = np.rint(noise(graph, 60) * 40) / np.float32(127.5)
    clean = quantize(graph, x, tries=1)
    given_ = x.copy()
    given_[37] *= 10
    made = quantize(graph, given_, tries=1)
    assert tflite.write(made.graph) == tflite.write(clean.graph)
    assert any("(sample 37; by 10): their values" in w for w in made.warnings)


def test_even_those_are_found_that_reach_little_further() -> None:
    graph = classifier()
    x = np.rint(noise(graph, 100) * 40) / np.float32(127.5)
    given_ = x.copy()
    given_[7] *= np.float32(1.9)
    assert outliers(graph, [given_], 10, lambda part: None) == []
    made, warnings = tamed(graph, Samples((given_,)), 10, lambda part: None)
    assert np.array_equal(made.inputs[0], x)
    assert len(warnings) == 1 and "(sample 7; by 1.9)" in warnings[0]


@pytest.mark.parametrize("every", [2, 5, 10])
def test_where_many_are_multiplied_none_is_divided(every: int) -> None:
    graph = classifier()
    x = np.rint(noise(graph, 100) * 40) / np.float32(127.5)
    x[::every] *= 10
    warnings = tamed(graph, Samples((x,)), 10, lambda part: None)[1]
    assert not any("multiplied" in text for text in warnings)


def test_an_amplified_image_beside_a_damaged_one() -> None:
    graph = classifier()
    x = np.rint(noise(graph, 100) * 40) / np.float32(127.5)
    given_ = x.copy()
    given_[37] *= 255
    given_[41, 3, 3] += 300.001
    made, warnings = tamed(graph, Samples((given_,)), 10, lambda part: None)
    assert np.array_equal(made.inputs[0], np.delete(x, 41, 0))
    assert [w.split(" samples ")[0] for w in warnings] == ["1 of 100"] * 2
    assert "(sample 37; by 255)" in warnings[0] and "(sample 41): left out" in warnings[1]
