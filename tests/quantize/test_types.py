# SPDX-License-Identifier: Apache-2.0
"""int16 activations: of a whole network, where they are worth it, and within a budget."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import evaluate, tflite
from edgeinfer.cli import main
from edgeinfer.compile import compile_graph
from edgeinfer.errors import QuantizeError, UnsupportedError
from edgeinfer.graph import Graph
from edgeinfer.quantize import quantize
from edgeinfer.quantize.mixed import mixed
from edgeinfer.session import Session
from edgeinfer.verify import TfliteReference
from tests.quantize.networks import CONV, POOL, Net, classifier, noise, on_disk, through
from tests.quantize.test_stages import error, separable


def nothing(part: float) -> None:
    """Of progress."""


def types(graph: Graph) -> list[str]:
    """The type of each node's output."""
    return [str(graph.tensors[node.outputs[0]].dtype) for node in graph.nodes]


def many() -> Graph:
    """One of each operator that int16 has, but for a few that the next network has."""
    net = Net()
    x = net.conv(net.input(1, 8, 8, 2), 4, fused_activation_function=1)
    weights, bias = net.weights(1, 3, 3, 4), net.weights(4)
    y = net.op("DEPTHWISE_CONV_2D", x, weights, bias, shape=(1, 8, 8, 4), depth_multiplier=1,
               fused_activation_function=3, **CONV)  # fmt: skip
    y = net.op("ADD", y, net.op("RELU", net.conv(y, 4), shape=(1, 8, 8, 4)), shape=(1, 8, 8, 4))
    gate = net.op("LOGISTIC", net.op("LEAKY_RELU", y, shape=(1, 8, 8, 4), alpha=0.1),
                  shape=(1, 8, 8, 4))  # fmt: skip
    y = net.op("MUL", y, gate, shape=(1, 8, 8, 4))
    y = net.op("SUB", y, net.op("TANH", x, shape=(1, 8, 8, 4)), shape=(1, 8, 8, 4))
    y = net.op("ADD", y, net.const(np.linspace(-1, 1, 4)), shape=(1, 8, 8, 4))
    y = net.op("CONCATENATION", *net.split(y, 3, 2), x, shape=(1, 8, 8, 8), axis=3)
    y = net.op("MAX_POOL_2D", y, shape=(1, 4, 4, 8), **POOL)
    y = net.op("PAD", y, net.const([[0, 0], [1, 0], [0, 1], [0, 0]], np.int32), shape=(1, 5, 5, 8))
    y = net.op("TRANSPOSE", y, net.const([0, 2, 1, 3], np.int32), shape=(1, 5, 5, 8))
    y = net.op(
        "RELU6", net.op("AVERAGE_POOL_2D", y, shape=(1, 2, 2, 8), **POOL), shape=(1, 2, 2, 8)
    )
    y = net.op("MEAN", y, net.const([1, 2], np.int32), shape=(1, 8), keep_dims=False)
    return net.graph(net.softmax(net.dense(net.reshape(y, 1, 8), 3)))


@pytest.mark.parametrize("io", ["int8", "int16", "float32"])
def test_a_whole_network_of_int16(io: str) -> None:
    """The oracle loads each layer and gives the reference's bytes."""
    graph = many()
    made = through(graph, noise(graph), activations="int16", io=io)
    assert made.graph.tensors[made.graph.inputs[0]].dtype == io
    assert made.graph.tensors[made.graph.outputs[0]].dtype == io
    inner = [t for n, t in zip(made.graph.nodes, types(made.graph), strict=True) if len(n.inputs)]
    assert inner.count("int8") == (1 if io == "int8" else 0)
    assert all(n.version > 1 for n in made.graph.nodes if n.op not in ("RESHAPE", "QUANTIZE"))
    feed = evaluate.to_input(made.graph.tensors[made.graph.inputs[0]], noise(graph, 5))
    run, theirs = Session(compile_graph(made.graph).image).run, TfliteReference(made.graph).run
    for row in feed[:, None]:
        assert np.array_equal(run([row])[0], theirs([row])[0])


def test_transposed_convolutions_and_slices_of_int16() -> None:
    net = Net()
    x = net.conv(net.input(1, 4, 5, 2), 3)
    inputs = (net.const([1, 8, 10, 6], np.int32), net.weights(6, 3, 3, 3), x, net.weights(6))
    stride = {"padding": 0, "stride_h": 2, "stride_w": 2}
    order = (x, inputs[1], inputs[3], inputs[0])
    y = net.op("TRANSPOSE_CONV", *order, shape=(1, 8, 10, 6), **stride)
    y = net.op("SLICE", y, net.const([0, 1, 1, 0], np.int32), net.const([1, 4, 4, 6], np.int32),
               shape=(1, 4, 4, 6))  # fmt: skip
    through(net.graph(y), noise(net.graph(y)), activations="int16", io="int16")


def test_layers_without_int16_stay_int8() -> None:
    net = Net()
    x = net.conv(net.input(1, 4, 4, 2), 3)
    y = net.op("HARD_SWISH", x, shape=(1, 4, 4, 3))
    graph = net.graph(net.conv(y, 2))
    made = through(graph, noise(graph), activations="int16", io="float32")
    assert types(made.graph)[-2:] == ["int16", "float32"]
    assert made.graph.nodes[[n.op for n in made.graph.nodes].index("HARD_SWISH")].version == 1
    assert any("HARD_SWISH have no int16" in text for text in made.warnings)
    with pytest.raises(UnsupportedError, match="has no int16"):
        quantize(net.graph(y), noise(graph), activations="int16", io="int16")


def test_int16_takes_the_noise_of_activations_away() -> None:
    graph = separable()
    x, fresh = noise(graph, 60), noise(graph, 200, seed=5)
    lost = [error(graph, x, fresh, mixed=part, io="float32") for part in (0.0, 0.6, 1.0)]
    whole = error(graph, x, fresh, activations="int16", io="float32")
    assert lost[1] < 0.8 * lost[0]
    assert whole < 0.6 * lost[0]
    assert lost[2] <= lost[1]


def test_the_most_loss_for_the_least_work_comes_first() -> None:
    net = Net()
    sizes = (4, 64, 64, 4)
    y = net.input(1, 4)
    tensors = [y]
    for size in sizes:
        y = net.dense(y, size)
        tensors.append(y)
    graph = net.graph(y)
    a, b, c = tensors[1:4]
    losses, able = {a: 1.0, b: 1.0, c: 1.0}, {a, b, c}
    chosen = mixed(graph, losses, able, 0.1, lambda wide, real: "", nothing)
    assert chosen.wide == {a}  # between layers of 16 and 256; b is between 256 and 4,096
    assert mixed(graph, {**losses, c: 100.0}, able, 0.1, lambda wide, real: "", nothing).wide == {c}
    most = mixed(graph, losses, able, 1.0, lambda wide, real: "No." if b in wide else "", nothing)
    assert most.wide == {a, c}
    assert most.passed_over == ("No.",)
    assert most.gone == pytest.approx(2 / 3)
    assert mixed(graph, losses, {c}, 1.0, lambda wide, real: "", nothing).wide == {c}


def test_a_budget_holds_int16_back() -> None:
    graph, x = separable(), noise(separable(), 30)
    free = quantize(graph, x, mixed=1.0)
    few = quantize(
        graph, x, mixed=1.0, misfit=lambda g: "Too much." * (types(g).count("int16") > 4)
    )
    none = quantize(graph, x, mixed=1.0, misfit=lambda g: "Too much.")
    assert types(free.graph).count("int16") > types(few.graph).count("int16") > 0
    assert not free.warnings
    assert few.warnings == ["With a larger budget more would be int16: Too much."]
    assert "int16" not in types(none.graph)
    assert "breaks the budget: Too much." in none.warnings[0]


def test_the_recipe_repeats_the_choice_without_its_budget() -> None:
    graph, x = separable(), noise(separable(), 30)
    first = quantize(graph, x, mixed=0.5)
    settings = json.loads(json.dumps(first.recipe))["settings"]
    assert settings["mixed"] == 0
    assert settings["wide"]
    again = quantize(graph, x, **settings)
    assert tflite.write(again.graph) == tflite.write(first.graph)
    kinds = {t["name"]: t["type"] for t in first.recipe["tensors"]}
    assert {n for n, kind in kinds.items() if kind == "int16"} == set(settings["wide"])
    assert sum(t.get("loss", 0) for t in first.recipe["tensors"]) > 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"wide": ["nothing"]}, "no activation 'nothing'"),
        ({"wide": ["input0"]}, "'input0' cannot be int16"),
        ({"mixed": 2.0}, "'mixed' is 2.0"),
        ({"io": "int16"}, "activations are int8"),
    ],
)
def test_what_cannot_be_is_said(options: dict[str, object], says: str) -> None:
    with pytest.raises(QuantizeError, match=says):
        quantize(classifier(), noise(classifier()), **options)


def test_the_command_keeps_to_a_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = separable()
    words = [*on_disk(graph, 30), "--json"]
    found = {}
    for name, more in (
        ("plain", []),
        ("whole", ["--int16"]),
        ("mixed", ["--mixed", "100", "--board", "nano33ble"]),
        ("tight", ["--mixed", "100", "--board", "nano33ble", "--max-ms", "12"]),
    ):
        assert main([*words, *more, "-o", f"{name}.tflite"]) == 0
        found[name] = json.loads(capsys.readouterr().out)
    assert not found["plain"]["int16_layers"]
    shares = [t["percent"] for t in found["plain"]["sensitivity"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100)
    assert len(found["whole"]["int16_layers"]) == 6
    assert found["mixed"]["int16_layers"]
    assert not found["mixed"]["warnings"]
    assert "ms are more than 12" in found["tight"]["warnings"][0]
    assert 0 < len(found["tight"]["int16_layers"]) < len(found["mixed"]["int16_layers"])
    assert TfliteReference(Path("mixed.tflite").read_bytes())
    assert main([*words, "--mixed", "--max-ram", "10"]) == 0
    assert "An arena of" in json.loads(capsys.readouterr().out)["warnings"][-1]
    assert main([*words, "--mixed", "--max-ms", "3"]) == 2
    assert "--max-ms needs a board" in capsys.readouterr().out
