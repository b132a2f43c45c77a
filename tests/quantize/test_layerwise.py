# SPDX-License-Identifier: Apache-2.0
"""The table of layers: what it says is what can be computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeinfer import evaluate, reference
from edgeinfer.graph import Graph
from edgeinfer.layerwise import SAMPLES_MAX, layerwise
from edgeinfer.pairing import paired
from edgeinfer.quantize import FAST, quantize
from tests.quantize.networks import classifier, noise
from tests.quantize.test_stages import half_dead, separable


def renamed(graph: Graph) -> Graph:
    tensors = (replace(t, name=f"new{i}") for i, t in enumerate(graph.tensors))
    return replace(graph, tensors=tuple(tensors))


def test_the_figures_are_those_of_the_two_references() -> None:
    graph, x = classifier(), noise(classifier(), 30)
    int8 = quantize(graph, x, **FAST).graph
    rows, count = layerwise(graph, int8, [x])
    assert count == 30
    assert [row["op"] for row in rows] == ["input", *(node.op for node in int8.nodes)]
    real, codes = {}, {}
    reference.run(graph, [x], real.__setitem__)
    feed = evaluate.to_input(int8.tensors[int8.inputs[0]], x)
    reference.run(int8, [feed], codes.__setitem__)
    for row in rows:
        t = int8.nodes[row["layer"]].outputs[0] if row["layer"] >= 0 else int8.inputs[0]
        tensor = int8.tensors[t]
        f, q = real[t], tensor.scale * (codes[t].astype(float) - tensor.zero_point)
        noise_power = (f - q) ** 2
        assert row["sqnr_db"] == pytest.approx(10 * np.log10((f**2).sum() / noise_power.sum()))
        assert row["range_used"] == pytest.approx(100 * np.ptp(codes[t].astype(int)) / 255)
        beyond = (f < row["range"][0] - tensor.scale) | (f > row["range"][1] + tensor.scale)
        assert row["saturated"] == pytest.approx(100 * beyond.mean())
        assert sum(row["histogram"]) == f.size
        assert row["seen"] == pytest.approx((f.min(), f.max()))
        by_channel = noise_power.reshape(-1, f.shape[-1]).sum(0)
        assert row["worst"][0]["channel"] == by_channel.argmax()
        assert row["worst"][0]["noise"] == pytest.approx(100 * by_channel.max() / by_channel.sum())


def test_a_range_that_is_too_small_saturates() -> None:
    graph, x = classifier(), noise(classifier(), 30)
    int8 = quantize(graph, x, **FAST).graph
    whole, _ = layerwise(graph, int8, [x])
    beyond, _ = layerwise(graph, int8, [4 * x])
    assert whole[0]["saturated"] < 0.1 < 20 < beyond[0]["saturated"]
    assert beyond[0]["sqnr_db"] < 20 < whole[0]["sqnr_db"]
    assert beyond[0]["histogram"][-1] > 0


def test_equalized_channels_are_compared_in_their_own_scales() -> None:
    graph = separable(spread=1)
    x = noise(graph, 30)
    rows, _ = layerwise(graph, quantize(graph, x).graph, [x])
    assert any(row["rescaled"] for row in rows)
    assert all(row["sqnr_db"] > 20 for row in rows)
    rows, _ = layerwise(graph, quantize(graph, x, equalize=False).graph, [x])
    assert not any(row["rescaled"] for row in rows)


def test_layers_are_found_without_their_names() -> None:
    graph = classifier()
    int8 = quantize(graph, noise(graph, 30), **FAST).graph
    assert paired(graph, renamed(int8)) == paired(graph, int8)


def test_samples_are_capped_and_state_is_left_alone() -> None:
    graph, x = classifier(), noise(classifier(), SAMPLES_MAX + 9)
    int8 = quantize(graph, x, **FAST).graph
    assert layerwise(graph, int8, [x])[1] == SAMPLES_MAX
    assert layerwise(graph.with_tensor(1, is_variable=True), int8, [x]) == ([], 0)


def test_copies_in_dead_channels_are_no_noise() -> None:
    graph, x = half_dead(), noise(half_dead(), 60)
    for split in (True, False):
        made = quantize(graph, x, split=split)
        assert made.recipe["settings"]["split"] == split
        rows, _ = layerwise(graph, made.graph, [x])
        assert all(row["sqnr_db"] > 25 for row in rows)
        assert all(c["channel"] < 3 for row in rows[1:3] for c in row["worst"])
