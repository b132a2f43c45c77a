# SPDX-License-Identifier: Apache-2.0
"""What surrounds the int8 layers: inputs, outputs, metadata, the recipe, other kernels."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from edgeinfer import evaluate, tflite
from edgeinfer.graph import Node, Tensor
from edgeinfer.quantize import quantize
from tests.quantize.networks import Net, classifier, noise, oracle, through


def test_float_inputs_and_outputs() -> None:
    graph = classifier()
    made = through(graph, noise(graph), io="float32")
    q = made.graph
    assert [n.op for n in q.nodes][:: len(q.nodes) - 1] == ["QUANTIZE", "DEQUANTIZE"]
    assert (q.inputs, q.outputs) == (graph.inputs, graph.outputs)
    assert q.tensors[q.inputs[0]].dtype == q.tensors[q.outputs[0]].dtype == np.float32
    inside = quantize(graph, noise(graph)).graph
    assert np.array_equal(
        oracle(q, noise(graph))[0],
        evaluate.from_output(inside.tensors[inside.outputs[0]], oracle(inside, noise(graph))[0]),
    )


def test_several_inputs_with_float_io() -> None:
    net = Net()
    a, b = net.input(1, 4, name="left"), net.input(1, 4, name="right")
    graph = net.graph(net.op("ADD", a, b, shape=(1, 4)))
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    q = quantize(graph, {"left": x, "right": 3 * x}, io="float32").graph
    assert [n.op for n in q.nodes] == ["QUANTIZE", "QUANTIZE", "ADD", "DEQUANTIZE"]
    assert np.abs(oracle(q, x, 3 * x)[0] - 4 * x).max() < 0.1


def test_the_default_kernels_load_it_too() -> None:
    graph = classifier()
    made = quantize(graph, noise(graph))
    mine = oracle(made.graph, noise(graph))[0].astype(int)
    other = oracle(made.graph, noise(graph), delegates=True)[0].astype(int)
    assert np.abs(mine - other).max() <= 3


def test_metadata_of_the_user_is_kept() -> None:
    graph = replace(classifier(), metadata={"labels": b"a\nb", "min_runtime_version": b"1.5.0"})
    assert quantize(graph, noise(graph)).graph.metadata == {"labels": b"a\nb"}


def test_the_recipe_is_plain_json_and_repeats_the_run() -> None:
    graph = classifier()
    first = quantize(graph, noise(graph), ranges="percentile", percentile=99.9)
    recipe = json.loads(json.dumps(first.recipe))
    assert recipe["samples"] == 20
    assert recipe["tensors"][0]["name"] == "input0"
    again = quantize(graph, noise(graph), **recipe["settings"])
    assert again.recipe == first.recipe
    for a, b in zip(first.graph.tensors, again.graph.tensors, strict=True):
        assert a.data is b.data or np.array_equal(np.asarray(a.data), np.asarray(b.data))


def test_weights_of_float16_are_those_of_float32() -> None:
    graph = classifier()
    tensors, first = list(graph.tensors), []
    for node in (graph.nodes[0], graph.nodes[3]):
        t = node.inputs[1]
        data = np.asarray(tensors[t].data, np.float16)
        tensors.append(Tensor(f"half{t}", data.shape, data.dtype, data=data))
        tensors[t] = replace(tensors[t], data=None)
        first.append(Node("DEQUANTIZE", (len(tensors) - 1,), (t,)))
        graph = graph.with_tensor(t, data=data.astype(np.float32))
    half = replace(graph, tensors=tuple(tensors), nodes=(*first, *graph.nodes))
    x = noise(graph)
    assert tflite.write(quantize(half, x).graph) == tflite.write(quantize(graph, x).graph)
