# SPDX-License-Identifier: Apache-2.0
"""Folding of batch normalization: the same function, fewer layers, less error."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer import evaluate, reference
from edgeinfer.graph import Graph
from edgeinfer.quantize import FAST, quantize
from edgeinfer.quantize.norms import fold_norms
from tests.building import CONV
from tests.quantize.networks import Net, noise, run_float


def ops(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def normalized(layer: str, *, spread: float = 1.0) -> Graph:
    """A layer and its batch normalization with RELU6, twice with the same weights."""
    net = Net()
    x = net.input(1, 6) if layer == "FULLY_CONNECTED" else net.input(1, 6, 6, 6)
    shape = {"CONV_2D": (6, 3, 3, 6), "DEPTHWISE_CONV_2D": (1, 3, 3, 6), "FULLY_CONNECTED": (6, 6)}
    weights = net.weights(*shape[layer])
    options = {} if layer == "FULLY_CONNECTED" else CONV
    more = {"depth_multiplier": 1} if layer == "DEPTHWISE_CONV_2D" else {}
    for _ in range(2):
        x = net.op(layer, x, weights, shape=net.tensors[x].shape, **options, **more)
        factor = net.const(np.exp(spread * net.random.normal(size=6)))
        x = net.op("MUL", x, factor, shape=net.tensors[x].shape)
        x = net.op("ADD", net.weights(6), x, shape=net.tensors[x].shape)
        x = net.op("SUB", x, net.const([0.5]), shape=net.tensors[x].shape,
                   fused_activation_function=3)  # fmt: skip
    return net.graph(x)


@pytest.mark.parametrize("layer", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_folding_changes_no_output(layer: str) -> None:
    graph = normalized(layer)
    made = fold_norms(graph)
    assert ops(made) == [layer, layer]
    assert [n.options["fused_activation_function"] for n in made.nodes] == [3, 3]
    x = noise(graph, 10)
    got, want = (reference.run(g, [x])[0] for g in (made, graph))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_what_others_read_and_what_is_not_by_channel_stays() -> None:
    net = Net()
    x = net.conv(net.input(1, 6, 6, 2), 4)
    shape = net.tensors[x].shape
    y = net.op("MUL", x, net.weights(4), shape=shape)
    assert ops(fold_norms(net.graph(y, x))) == ["CONV_2D", "MUL"]
    z = net.op("ADD", y, net.weights(6, 1), shape=shape)
    assert ops(fold_norms(net.graph(z))) == ["CONV_2D", "ADD"]
    turned = net.op("SUB", net.weights(4), z, shape=shape)
    assert ops(fold_norms(net.graph(turned))) == ["CONV_2D", "ADD", "SUB"]
    fused = Net()
    x = fused.conv(fused.input(1, 6, 6, 2), 4, fused_activation_function=1)
    y = fused.op("MUL", x, fused.weights(4), shape=fused.tensors[x].shape)
    assert ops(fold_norms(fused.graph(y))) == ["CONV_2D", "MUL"]


def test_it_lowers_the_error_and_can_be_switched_off() -> None:
    graph = normalized("CONV_2D", spread=1.5)
    x, fresh = noise(graph, 60), noise(graph, 60, seed=5)
    found = {}
    for fold in (False, True):
        int8 = quantize(graph, x, **FAST, fold=fold).graph
        feed = evaluate.to_input(int8.tensors[int8.inputs[0]], fresh)
        got = evaluate.from_output(int8.tensors[int8.outputs[0]], reference.run(int8, [feed])[0])
        found[fold] = evaluate.compare(got, None, run_float(graph, fresh)).sqnr_db or 0.0
        assert ("MUL" in ops(int8)) != fold
    assert found[True] > found[False] + 3
