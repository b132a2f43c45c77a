# SPDX-License-Identifier: Apache-2.0
"""Layers that stay float32: by name, where nothing else runs them, and as the search chooses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import evaluate, tflite
from edgeinfer.cli import main
from edgeinfer.compile import compile_graph
from edgeinfer.errors import QuantizeError, UnsupportedError
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize import FAST, quantize
from edgeinfer.quantize.real import float_layers
from edgeinfer.session import Session
from edgeinfer.verify import TfliteReference
from tests.quantize.networks import Net, classifier, noise, on_disk, run_float
from tests.quantize.test_stages import error, separable


def bytes_of(graph: Graph, samples: Array) -> Array:
    """The outputs for samples, for which kernels and TFLite give the same bytes."""
    feed = evaluate.to_input(graph.tensors[graph.inputs[0]], samples)
    run, theirs = Session(compile_graph(graph).image).run, TfliteReference(graph).run
    results = []
    for row in feed[:, None]:
        results.append(run([row])[0])
        assert np.array_equal(results[-1], theirs([row])[0])
    return np.concatenate(results)


def ops(graph: Graph) -> list[str]:
    """Each node's operator, and the type of its output."""
    return [f"{n.op} {graph.tensors[n.outputs[0]].dtype}" for n in graph.nodes]


@pytest.mark.parametrize("settings", [{}, FAST], ids=["default", "fast"])
@pytest.mark.parametrize("io", ["int8", "float32"])
def test_a_named_layer_stays_float(io: str, settings: dict[str, object]) -> None:
    graph, x = separable(), noise(separable(), 30)
    names = [graph.tensors[n.outputs[0]].name for n in graph.nodes if n.op == "DEPTHWISE_CONV_2D"]
    made = quantize(graph, x, **{**settings, "io": io, "floats": names[:1]})
    found = ops(made.graph)
    at = found.index("DEPTHWISE_CONV_2D float32")
    assert found[at - 1] == "DEQUANTIZE float32"
    assert found[at + 1] == "QUANTIZE int8"
    assert float_layers(made.graph) == names[:1]
    bytes_of(made.graph, noise(graph, 5, seed=3))


@pytest.mark.parametrize("io", ["int8", "float32"])
def test_between_float_layers_nothing_is_rounded(io: str) -> None:
    graph, x = evaluate.before_softmax(classifier()), noise(classifier(), 30)
    assert graph is not None  # without SOFTMAX, whose last bits are those of TFLite's <math.h>
    names = [graph.tensors[n.outputs[0]].name for n in graph.nodes]
    made = quantize(graph, x, floats=names, io=io)
    found = [op for op in ops(made.graph) if op.split()[0] in ("QUANTIZE", "DEQUANTIZE")]
    assert found == ([] if io == "float32" else ["DEQUANTIZE float32", "QUANTIZE int8"])
    fresh = noise(graph, 20, seed=4)
    got = bytes_of(made.graph, fresh)
    if io == "float32":
        assert np.allclose(got, run_float(graph, fresh), rtol=1e-4, atol=1e-3)
    kinds = {t["name"]: t["type"] for t in made.recipe["tensors"]}
    assert kinds[names[0]] == "float32"


def test_float_and_16_bits_meet() -> None:
    graph, x = separable(), noise(separable(), 30)
    name = graph.tensors[graph.nodes[1].outputs[0]].name
    made = quantize(graph, x, activations="int16", floats=[name])
    assert {"QUANTIZE int16", "CONV_2D int16"} <= {*ops(made.graph)}
    assert float_layers(made.graph) == [name]
    bytes_of(made.graph, noise(graph, 5, seed=3))


def test_constants_and_outputs_that_both_kinds_read() -> None:
    net = Net()
    shared = net.weights(3, 4)
    x = net.input(1, 4)
    a = net.op("FULLY_CONNECTED", x, shared, net.weights(3), shape=(1, 3))
    b = net.op("FULLY_CONNECTED", x, shared, net.weights(3), shape=(1, 3))
    c = net.op("ADD", a, b, shape=(1, 3))
    d = net.op("MUL", b, c, shape=(1, 3))
    graph = net.graph(d)
    graph = Graph(**{**vars(graph), "outputs": (b, d)})
    for io in ("int8", "float32"):
        for named in ([b], [a, c], [b, d]):
            names = [graph.tensors[t].name for t in named]
            for more in ({}, FAST):
                made = quantize(graph, noise(net.graph(d), 30), floats=names, io=io, **more)
                assert float_layers(made.graph) == names
                bytes_of(made.graph, noise(net.graph(d), 5, seed=2))


def test_float_takes_away_what_rounding_a_layer_costs() -> None:
    """A layer whose weights int8 cannot say: one channel's are of sizes far apart."""
    net = Net()
    x = net.dense(net.input(1, 16), 8, fused_activation_function=1)
    weights = net.random.normal(size=(6, 8)) * 10.0 ** -np.arange(0, 4, 0.5)
    y = net.op("FULLY_CONNECTED", x, net.const(weights), net.weights(6), shape=(1, 6))
    graph = net.graph(y)
    samples, fresh = noise(graph, 60), noise(graph, 200, seed=5)
    rounded = error(graph, samples, fresh, io="float32")
    kept = error(graph, samples, fresh, io="float32", floats=[graph.tensors[y].name])
    assert kept < 0.8 * rounded


def sine(net: Net) -> int:
    """A head that int8 does not run: the SIN of a dense layer."""
    y = net.dense(net.input(1, 6), 5)
    return net.op("SIN", y, shape=(1, 5))


def test_what_runs_in_float_only_is_said_and_runs() -> None:
    net = Net()
    graph = net.graph(net.dense(sine(net), 3))
    name = graph.tensors[graph.nodes[1].outputs[0]].name
    with pytest.raises(UnsupportedError) as caught:
        quantize(graph, noise(graph))
    assert f"--float '{name}'" in caught.value.remedy
    made = quantize(graph, noise(graph), floats=[name])
    assert [op for op in ops(made.graph) if op.startswith("SIN")] == ["SIN float32"]


def test_mixed_takes_float_where_there_is_no_int16() -> None:
    net = Net()
    x = net.conv(net.input(1, 8, 8, 2), 4)
    y = net.op("HARD_SWISH", x, shape=(1, 8, 8, 4))
    graph = net.graph(net.conv(y, 3))
    samples, fresh = noise(graph, 60), noise(graph, 100, seed=5)
    plain = quantize(graph, samples, mixed=1.0)
    assert not float_layers(plain.graph)
    made = quantize(graph, samples, mixed=1.0, mixed_float=True)
    assert float_layers(made.graph) == ["conv_2d0", "hard_swish1", "conv_2d2"]
    bytes_of(made.graph, fresh[:5])
    settings = json.loads(json.dumps(made.recipe))["settings"]
    assert not settings["mixed_float"]
    again = quantize(graph, samples, **settings)
    assert tflite.write(again.graph) == tflite.write(made.graph)
    lost = [error(graph, samples, fresh, mixed=1.0, mixed_float=f) for f in (False, True)]
    assert lost[1] < 0.8 * lost[0]
    tight = quantize(
        graph, samples, mixed=1.0, mixed_float=True, misfit=lambda g: "No." * bool(float_layers(g))
    )
    assert not float_layers(tight.graph)
    assert "No." in tight.warnings[-1]


def test_names_that_cannot_be() -> None:
    graph = classifier()
    with pytest.raises(QuantizeError, match="no layer 'nothing'"):
        quantize(graph, noise(graph), floats=["nothing"])
    net = Net()
    a = net.dense(net.input(1, 6), 5)
    b = net.dense(a, 5)
    graph = net.graph(b)
    tensors = [*graph.tensors]
    for t, name in ((a, "one/layer/Relu"), (b, "two/layer/Relu")):
        tensors[t] = type(tensors[t])(**{**vars(tensors[t]), "name": name})
    graph = Graph(**{**vars(graph), "tensors": tuple(tensors)})
    with pytest.raises(QuantizeError, match="several layers 'layer/Relu'"):
        quantize(graph, noise(graph), floats=["layer/Relu"])
    assert float_layers(quantize(graph, noise(graph), floats=["one/layer/Relu"]).graph)


def test_a_layer_keeps_its_name_when_an_activation_joins_it() -> None:
    net = Net()
    x = net.dense(net.input(1, 6), 5)
    graph = net.graph(net.dense(net.op("RELU", x, shape=(1, 5)), 3))
    made = quantize(graph, noise(graph), floats=[graph.tensors[x].name])
    assert "FULLY_CONNECTED float32" in ops(made.graph)


def test_the_command_keeps_layers_in_float(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = classifier()
    words = on_disk(graph, 30)
    name = graph.tensors[graph.nodes[0].outputs[0]].name
    assert main([*words, "--float", name, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["float_layers"] == [name]
    assert [(row["op"], row["name"]) for row in found["layers"]][1] == ("CONV_2D", name)
    assert main(["verify", "net_int8.tflite", "-n", "3"]) == 0
    capsys.readouterr()
    assert main([*words, "--float", name]) == 0
    assert f"1 layer in float32: {name}" in capsys.readouterr().out
    assert main([*words, "--recipe", "net_int8.json", "-o", "again.tflite"]) == 0
    assert Path("again.tflite").read_bytes() == Path("net_int8.tflite").read_bytes()
    assert main([*words, "--float"]) == 2
    assert "needs --mixed" in capsys.readouterr().err
