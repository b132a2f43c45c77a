# SPDX-License-Identifier: Apache-2.0
"""The search by a measure of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgeinfer import tflite
from edgeinfer.cli import main
from edgeinfer.graph import Graph
from edgeinfer.quantize import quantize
from edgeinfer.quantize.choose import ALTERNATIVES, choose
from tests.quantize.networks import classifier, noise

FEW = {"rounding": "nearest", "weight_scales": False}  # quick


def rated(scores: list[float]) -> Callable[[Graph], float]:
    left = iter(scores)
    return lambda graph: next(left)


def test_the_best_is_kept_and_built_upon() -> None:
    graph, x = classifier(), noise(classifier(), 12)
    best, trials = choose(graph, x, rated([1, 3, 2, 2, 4, 0, 1]), **FEW)
    assert len(trials) == 1 + len(ALTERNATIVES)
    assert [t.kept for t in trials] == [True, True, False, False, True, False, False]
    assert trials[4].changed == {"ranges": "mse", "equalize": False}
    assert best.recipe["settings"]["ranges"] == "mse"
    again = quantize(graph, x, **FEW, ranges="mse", equalize=False)
    assert tflite.write(best.graph) == tflite.write(again.graph)


def test_given_settings_stay() -> None:
    graph, x = classifier(), noise(classifier(), 12)
    fixed = {**FEW, "ranges": "minmax", "equalize": False, "correct_bias": False}
    best, trials = choose(graph, x, rated([1, 2]), **fixed)
    assert [dict(t.changed) for t in trials] == [{}, {"split": False}]
    assert best.recipe["settings"]["ranges"] == "minmax"


def test_how_much_is_int16_is_a_matter_of_the_measure() -> None:
    graph, x = classifier(), noise(classifier(), 12)
    fixed = {**FEW, "ranges": "minmax", "equalize": False, "correct_bias": False, "split": False}
    best, trials = choose(graph, x, rated([1, 1, 3, 2]), mixed=0.7, **fixed)
    assert [t.changed.get("mixed") for t in trials] == [None, 0.5, 0.99, 0.0]
    assert [t.kept for t in trials] == [True, False, True, False]
    again = quantize(graph, x, mixed=0.99, **fixed)
    assert tflite.write(best.graph) == tflite.write(again.graph)


def test_the_command_asks_the_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tflite.write_file("net.tflite", classifier())
    (tmp_path / "own_measure.py").write_text(
        "import numpy as np\n"
        "calls = []\n"
        "def samples():\n"
        "    return np.random.default_rng(0).normal(size=(12, 8, 8, 2)).astype('f')\n"
        "def rate(model):\n"
        "    given, made = model.get_input_details()[0], model.get_output_details()[0]\n"
        "    model.set_tensor(given['index'], np.full(given['shape'], 3, np.int8))\n"
        "    model.invoke()\n"
        "    assert model.get_tensor(made['index']).shape == (1, 3)\n"
        "    calls.append(1)\n"
        "    return -len(calls)\n"
        "def words(model):\n"
        "    return 'good'\n"
    )
    words = ["quantize", "net.tflite", "--calib", "own_measure:samples", "--rounding", "nearest"]
    assert main([*words, "--evaluate", "own_measure:rate"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("your measure"))
    assert lines[at + 1].split() == ["-1", "as", "given"]
    assert "ranges mse" in lines[at + 2]
    for function, says in (
        ("own_measure:words", "returned 'good', no number"),
        ("own_measure:absent", "cannot be used: AttributeError"),
        ("nonsense", "'nonsense' names no function"),
    ):
        assert main([*words, "--evaluate", function]) == 2
        assert says in capsys.readouterr().err
