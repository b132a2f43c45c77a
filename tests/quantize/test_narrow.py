# SPDX-License-Identifier: Apache-2.0
"""Weights of 4 bits, where flash is short."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import evaluate, tflite
from edgeinfer.cli import main
from edgeinfer.compile import compile_graph
from edgeinfer.errors import QuantizeError
from edgeinfer.graph import Graph
from edgeinfer.inspection import layers
from edgeinfer.quantize import FAST, quantize
from edgeinfer.quantize.narrow import eligible, narrowed
from edgeinfer.quantize.settings import Settings
from edgeinfer.session import Session
from edgeinfer.verify import TfliteReference
from tests.quantize.networks import CONV, Net, noise
from tests.quantize.test_stages import error


def pointwise() -> Graph:
    """CONV_2D of 3x3, two of 1x1, one of 1x1 with a stride, dense."""
    net = Net()
    x = net.conv(net.input(1, 8, 8, 2), 16, fused_activation_function=1)
    for inputs, outputs in ((16, 32), (32, 16)):
        own = (net.weights(outputs, 1, 1, inputs), net.weights(outputs))
        x = net.op("CONV_2D", x, *own, shape=(1, 8, 8, outputs), fused_activation_function=1,
                   **CONV)  # fmt: skip
    apart = {**CONV, "stride_h": 2, "stride_w": 2}
    x = net.op("CONV_2D", x, net.weights(8, 1, 1, 16), net.weights(8), shape=(1, 4, 4, 8), **apart)
    return net.graph(net.dense(net.reshape(x, 1, 128), 6))


def names(graph: Graph) -> list[str]:
    """Of the layers with weights of 4 bits."""
    return [
        graph.tensors[n.outputs[0]].name
        for n in graph.nodes
        if any(graph.tensors[t].packed for t in n.inputs)
    ]


def test_the_file_and_the_image_hold_two_weights_to_a_byte() -> None:
    graph, x = pointwise(), noise(pointwise(), 30)
    plain, made = (quantize(graph, x, int4=on).graph for on in (False, True))
    assert names(made) == ["conv_2d1", "conv_2d2", "fully_connected5"]
    assert len(tflite.write(plain)) - len(tflite.write(made)) > 800
    sizes = [[layer.weight_bytes for layer in layers(g)] for g in (plain, made)]
    assert sizes[0][1] - sizes[1][1] == 32 * 16 // 2
    images = [compile_graph(g).image for g in (plain, made)]
    assert len(images[1]) < len(images[0]) - 800
    quants = [made.tensors[n.inputs[1]].quant for n in made.nodes if n.op != "RESHAPE"]
    assert [q.scale.size for q in quants if q] == [16, 32, 16, 8, 1]
    session, oracle = Session(images[1]), TfliteReference(tflite.write(made))
    for row in evaluate.to_input(made.tensors[made.inputs[0]], x)[:, None]:
        assert np.array_equal(session.run([row])[0], oracle.run([row])[0])


def test_layers_are_fitted_to_4_bits() -> None:
    graph = pointwise()
    x, fresh = noise(graph, 60), noise(graph, 200, seed=5)
    plain = error(graph, x, fresh, **{**FAST, "int4": True})
    assert error(graph, x, fresh, int4=True) < 0.7 * plain
    best = error(graph, x, fresh)
    assert best < error(graph, x, fresh, int4=True)


def test_no_more_layers_than_the_budget_asks_for() -> None:
    graph, x = pointwise(), noise(pointwise(), 30)
    free = quantize(graph, x, misfit=lambda g: "", int4=True)
    assert not names(free.graph)
    some = quantize(graph, x, misfit=lambda g: "Too large." * (len(names(g)) < 2), int4=True)
    assert len(names(some.graph)) == 2
    assert not some.warnings
    never = quantize(graph, x, misfit=lambda g: "Too large.", int4=True)
    assert len(names(never.graph)) == 3
    assert "not enough for the budget: Too large." in never.warnings[0]
    settings = json.loads(json.dumps(some.recipe))["settings"]
    assert settings["narrow"] == names(some.graph)
    again = quantize(graph, x, **settings)
    assert tflite.write(again.graph) == tflite.write(some.graph)


def test_the_least_loss_for_the_bytes_goes_first() -> None:
    graph = pointwise()
    found = eligible(graph)
    first, second, dense = found
    losses = {first: 2.0, second: 1.0, dense: 100.0}

    def chosen(count: int, wide: frozenset[int] = frozenset()) -> frozenset[int]:
        few = lambda tensors: "No." * (len(tensors) < count)  # noqa: E731
        return narrowed(graph, losses, Settings(int4=True), wide, few, lambda part: None)[0]

    assert chosen(1) == {found[second]}
    assert chosen(2) == {found[first], found[second]}
    assert chosen(2, frozenset({second})) == {found[first], found[dense]}  # that is int16


def test_int16_and_int4_keep_apart() -> None:
    graph, x = pointwise(), noise(pointwise(), 30)
    made = quantize(graph, x, narrow=["conv_2d2"], mixed=1.0, io="float32").graph
    kinds = {made.tensors[n.outputs[0]].name: n for n in made.nodes}
    assert made.tensors[kinds["conv_2d2"].inputs[0]].dtype == np.int8
    assert any(made.tensors[n.outputs[0]].dtype == np.int16 for n in made.nodes)
    with pytest.raises(QuantizeError, match="no dense layer or pointwise convolution 'conv_2d0'"):
        quantize(graph, x, narrow=["conv_2d0"])


def test_the_command_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tflite.write_file("net.tflite", pointwise())
    np.savez("x.npz", x=noise(pointwise(), 20))
    words = ["quantize", "net.tflite", "--calib", "x.npz", "--int4", "--rounding", "nearest"]
    assert main(words) == 0
    assert "3 layers with int4 weights: conv_2d1, conv_2d2" in capsys.readouterr().out
    assert main([*words, "--max-flash", "100000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["int4_layers"] == []
