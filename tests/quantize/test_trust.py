# SPDX-License-Identifier: Apache-2.0
"""Runs that go wrong: samples far beyond the others, and interruptions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.quantize import quantize
from edgeinfer.quantize.outliers import outliers
from edgeinfer.quantize.resume import Cache, fingerprint
from tests.quantize.networks import classifier, noise
from tests.quantize.test_stages import error, separable


@pytest.mark.parametrize("times", [3, 10, 100])
def test_one_amplified_sample_in_a_hundred_does_no_harm(times: float) -> None:
    graph = separable(spread=1)
    x, fresh = noise(graph, 100), noise(graph, 200, seed=5)
    clean = error(graph, x, fresh)
    x[37] *= times
    made = quantize(graph, x)
    told = "1 of 100 samples reach far beyond the others (sample 37)"
    assert times < 5 or any(told in w for w in made.warnings)
    assert error(graph, x, fresh) < 1.1 * clean


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
        if stage == "Fitting weights" and part > 0.3:
            raise Stop

    with pytest.raises(Stop):
        quantize(graph, x, cache=tmp_path, progress=interrupt)
    (folder,) = tmp_path.iterdir()
    (layer,) = folder.glob("layer0_*.npz")
    assert (folder / "scales.npz").exists()
    layer.write_bytes(b"half")
    again = quantize(graph, x, cache=tmp_path, progress=lambda stage, part: told.append(stage))
    assert "Searching scales" not in told
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
