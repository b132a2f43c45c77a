# SPDX-License-Identifier: Apache-2.0
"""An LSTM in a network of int8: it stays float32, and the stages see through it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import reference
from edgeinfer.cli import main
from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Array
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Site
from edgeinfer.quantize import FAST, quantize
from edgeinfer.quantize.gradients import RULES
from tests.quantize.networks import noise, on_disk, recurrent
from tests.quantize.test_real import bytes_of, ops
from tests.quantize.test_stages import error


def test_a_recurrent_layer_stays_float_in_a_network_of_int8() -> None:
    graph = recurrent()
    samples, fresh = noise(graph, 60), noise(graph, 40, seed=4)
    with pytest.raises(UnsupportedError, match=r"no int8 for layer 0 .*'lstm'"):
        quantize(graph, samples)
    made = quantize(graph, samples, floats=["lstm"])
    assert not made.warnings
    assert ops(made.graph)[:3] == [
        "DEQUANTIZE float32",
        "UNIDIRECTIONAL_SEQUENCE_LSTM float32",
        "QUANTIZE int8",
    ]
    bytes_of(made.graph, fresh)
    whole, simple = (error(graph, samples, fresh, floats=["lstm"], **more) for more in ({}, FAST))
    assert whole < simple


@pytest.mark.parametrize("major", [False, True])
def test_the_gradient_of_a_recurrent_layer_is_its_slope(major: bool) -> None:
    graph = recurrent(batch=3, steps=4)
    node = graph.nodes[0]
    site = Site.of(graph, 0)
    if major:  # the same numbers are 4 samples of 3 steps then
        options = {**node.options, "time_major": True}
        site = replace(site, node=replace(node, options=options))
    x = noise(graph, 3) * np.float32(0.5)
    batch = 4 if major else 3
    random = np.random.default_rng(3)

    def run(x: Array) -> Array:
        state = np.zeros((batch, 6), np.float32)
        return op_for(site).run(site, [x, *[None] * 17, state, state])[0].astype(np.float64)

    out = run(x)
    grad = random.normal(size=(2, *out.shape)).astype(np.float32)
    (found,) = RULES[node.op](site, [x], out, grad.reshape(-1, *out.shape[1:]))
    assert found is not None
    way = random.normal(size=x.shape).astype(np.float32)
    step = np.float32(1e-2)
    slope = (run(x + step * way) - run(x - step * way)) / 2e-2
    wanted = (slope * grad).sum((1, 2, 3))
    mine = (found.reshape(2, *x.shape) * way).sum((1, 2, 3))
    assert mine == pytest.approx(wanted, rel=0.01)


def test_samples_find_the_state_at_its_start_or_come_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = recurrent()
    words = [*on_disk(graph, 40), "--float", "lstm", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["sqnr_db"] > 25
    words = ["eval", "net_int8.tflite", "--data", "x.npz", "--reference", "net.tflite", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["sqnr_db"] > 25
    # Both see other numbers than a model that forgets.
    x = noise(graph, 2)
    alone, after = reference.run(graph, [x[1:]])[0], reference.run(graph, [x])[0][1:]
    assert np.abs(alone - after).max() > 0.05
