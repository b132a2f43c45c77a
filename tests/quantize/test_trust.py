# SPDX-License-Identifier: Apache-2.0
"""Runs that go wrong: samples far beyond the others, and interruptions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.quantize import quantize
from edgeinfer.quantize.outliers import outliers, tamed
from edgeinfer.quantize.resume import Cache, fingerprint
from edgeinfer.quantize.samples import Samples
from tests.quantize.networks import CONV, Net, classifier, noise
from tests.quantize.test_stages import error, separable


@pytest.mark.parametrize("times", [3, 10, 100])
def test_one_amplified_sample_in_a_hundred_does_no_harm(times: float) -> None:
    graph = separable(spread=1)
    x, fresh = noise(graph, 100), noise(graph, 200, seed=5)
    clean = error(graph, x, fresh)
    x[37] *= times
    made = quantize(graph, x)
    told = "1 of 100 samples are far larger than the others (sample 37)"
    assert times < 5 or any(told in w for w in made.warnings)
    assert error(graph, x, fresh) < 1.1 * clean


def test_an_amplified_sample_is_brought_back_and_a_damaged_one_left_out() -> None:
    graph, x = classifier(), noise(classifier(), 100)
    whole = x.copy()
    x[37] *= 10
    x[41, 3, 3] += 300
    made, warnings = tamed(graph, Samples((x,)), 10, lambda part: None)
    assert len(made) == 99
    assert np.abs(made.inputs[0][37] / whole[37] - 1).max() < 0.25
    assert np.array_equal(np.delete(made.inputs[0], 37, 0), np.delete(whole, [37, 41], 0))
    assert [w.split(" samples ")[0] for w in warnings] == ["1 of 100"] * 2
    assert "(sample 41): left out" in warnings[1]


def test_a_quiet_sample_that_was_amplified_is_found_by_its_channels() -> None:
    net = Net()
    x = net.input(1, 8, 8, 8)
    for _ in range(2):
        weights = net.const(net.random.normal(size=(1, 3, 3, 8)))
        x = net.op("DEPTHWISE_CONV_2D", x, weights, net.weights(8), shape=(1, 8, 8, 8),
                   depth_multiplier=1, fused_activation_function=1, **CONV)  # fmt: skip
    graph = net.graph(x)
    samples = noise(graph, 100)
    samples[37] /= 2
    samples[:, ..., 0] *= 20
    samples[37, ..., 0] /= 20
    assert outliers(graph, [samples], 10, lambda part: None) == []
    samples[37] *= 10
    peaks = np.abs(samples).max((1, 2, 3))
    assert peaks[37] < np.percentile(peaks, 90)
    assert outliers(graph, [samples], 10, lambda part: None) == [37]


def test_a_mixture_of_loud_and_quiet_samples_stays_whole() -> None:
    graph = classifier()
    x = noise(graph, 100)
    x[::10] *= 10
    assert outliers(graph, [x], 10, lambda part: None) == []
    assert outliers(graph, [x[:15]], 10, lambda part: None) == []


class Stop(Exception):
    """The user's Ctrl-C."""


def test_an_interrupted_run_goes_on_and_gives_the_same(tmp_path: Path) -> None:
    graph, x = separable(spread=1), noise(separable(), 30)
    whole = quantize(graph, x)
    told: list[str] = []

    def interrupt(stage: str, part: float) -> None:
        if stage == "Fitting weights, try 1 of 3" and part > 0.3:
            raise Stop

    with pytest.raises(Stop):
        quantize(graph, x, cache=tmp_path, progress=interrupt)
    (folder,) = tmp_path.iterdir()
    (layer,) = folder.glob("try1/layer0_*.npz")
    assert (folder / "try1" / "scales.npz").exists()
    layer.write_bytes(b"half")
    again = quantize(graph, x, cache=tmp_path, progress=lambda stage, part: told.append(stage))
    assert "Searching scales, try 1 of 3" not in told
    assert tflite.write(again.graph) == tflite.write(whole.graph)
    assert not list(tmp_path.iterdir())


def test_two_runs_give_the_same_bytes_and_another_seed_is_another_run() -> None:
    graph, x = separable(spread=1), noise(separable(), 30)
    first, second = (tflite.write(quantize(graph, x).graph) for _ in range(2))
    assert first == second
    keys = {fingerprint(graph, [x], {"seed": s}) for s in (0, 1)}
    keys.add(fingerprint(graph, [x + 1], {"seed": 0}))
    keys.add(fingerprint(separable(seed=1), [x], {"seed": 0}))
    assert len(keys) == 4


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = Cache(tmp_path / "file" / "below")
    cache.save("stage", {"a": np.zeros(3)})
    assert cache.load("stage") is None
    cache.clear()
