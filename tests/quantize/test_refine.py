# SPDX-License-Identifier: Apache-2.0
"""Scales are tried once more in the integer network, and changed only beyond chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.graph import Graph, Quant
from edgeinfer.quantize import FAST, quantize
from edgeinfer.quantize.assign import assign
from edgeinfer.quantize.convert import Fitted, convert
from edgeinfer.quantize.judge import Judge
from edgeinfer.quantize.params import to_integers, weight_quant
from edgeinfer.quantize.refine import refined
from edgeinfer.quantize.wide import Forms
from tests.quantize.networks import Net, noise, recurrent, run_float
from tests.quantize.test_stages import error, separable


def ranges(graph: Graph, samples: np.ndarray) -> dict[int, tuple[float, float]]:
    """Those of all activations of a chain."""
    found = {}
    for t in graph.activations():
        values = samples if t in graph.inputs else run_float(replace(graph, outputs=(t,)), samples)
        found[t] = (float(values.min()), float(values.max()))
    return found


def chain() -> tuple[Graph, int, int]:
    """A network of three dense layers, its middle tensor and the weights that make that."""
    net = Net()
    x = net.dense(net.input(1, 10), 12, fused_activation_function=1)
    y = net.dense(x, 12, fused_activation_function=1)
    weights = net.nodes[-1].inputs[1]
    return net.graph(net.dense(y, 6)), y, weights


@pytest.mark.parametrize("wrong", ["none", "scale", "weights"])
def test_a_wrong_scale_is_found(wrong: str) -> None:
    graph, middle, weights = chain()
    samples = noise(graph, 80)
    quants = dict(assign(graph, ranges(graph, samples)).quants)
    data = graph.tensors[weights].data
    assert data is not None
    quant, _ = weight_quant(data, 0, None, 1.0)
    fitted = {weights: Fitted(to_integers(data, quant, np.int8, (-127, 127)), quant)}
    if wrong == "scale":  # the largest values are clipped
        old = quants[middle]
        quants[middle] = Quant(old.scale * np.float32(0.3), old.zero_point)
    if wrong == "weights":
        quant = replace(quant, scale=quant.scale * np.float32(1.03))
        fitted[weights] = replace(fitted[weights], quant=quant)
    told = list[float]()

    def make(quants: Mapping[int, Quant], fitted: Mapping[int, Fitted]) -> Graph:
        return convert(graph, quants, fitted=fitted)[0]

    judge = Judge(graph, [samples])
    found, made = refined(judge, graph, Forms(quants), fitted, make, 0, told.append)
    changed = {t for t in quants if not found[t].equals(quants[t])}
    ratio = float(made[weights].quant.scale[0] / quant.scale[0])
    assert told[-1] == 1.0
    if wrong == "none":
        assert not changed
        assert ratio == 1
    if wrong == "scale":
        assert middle in changed
        assert found[middle].scale[0] > quants[middle].scale[0]
    if wrong == "weights":
        assert ratio < 1


def test_ranges_that_clip_too_much_are_mended() -> None:
    ratios = []
    for seed in range(3):
        graph = separable(seed)
        samples, fresh = noise(graph, 100), noise(graph, 200, seed=5)
        clipped = {"ranges": "percentile", "percentile": 99.0}
        ratios.append(
            error(graph, samples, fresh, refine=True, **clipped)
            / error(graph, samples, fresh, **clipped)
        )
    assert np.mean(ratios) < 0.8


def test_the_recipe_repeats_it() -> None:
    graph, samples = separable(), noise(separable(), 60)
    options = {**FAST, "refine": True, "percentile": 97.0}
    made, plain = (quantize(graph, samples, **{**options, "refine": on}) for on in (True, False))
    scales, before = ([t["scale"] for t in m.recipe["tensors"]] for m in (made, plain))
    assert scales != before
    again = quantize(graph, samples, **made.recipe["settings"])
    assert tflite.write(again.graph) == tflite.write(made.graph)


def test_networks_with_state_and_with_float_are_refined() -> None:
    graph = recurrent()
    made = quantize(
        graph, noise(graph, 40), floats=["lstm"], refine=True, ranges="percentile", percentile=90.0
    )
    assert not made.warnings
