# SPDX-License-Identifier: Apache-2.0
"""Ranges whose ends are chosen apart: of logits, and of samples of 8 bits."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer import evaluate, reference
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize import FAST, candidates, prepare, quantize
from edgeinfer.quantize.params import INT8, activation_quant, to_integers, to_reals
from tests.quantize.networks import CONV, Net, noise, run_float
from tests.quantize.test_stages import error, separable

SEARCH = {**FAST, "ranges": "search"}


def images(count: int, seed: int) -> Array:
    """Smooth images of 8 bits, scaled to −1..1: [count, 8, 8, 2]."""
    random = np.random.default_rng(seed)
    slopes = random.uniform(-1, 1, (3, count, 1, 1, 2))
    y, x = np.meshgrid(*[np.linspace(-1, 1, 8)] * 2, indexing="ij")
    level = slopes[0] + slopes[1] * x[..., None] + slopes[2] * y[..., None]
    level += random.normal(size=level.shape) * 0.05
    bytes_ = np.clip(np.rint(127.5 + 127.5 * level), 0, 255)
    return bytes_.astype(np.float32) / np.float32(127.5) - np.float32(1)


def lost_by_input(graph: Graph, samples: Array, fresh: Array) -> float:
    """Mean squared error of the outputs if nothing is rounded but the input, as the search says."""
    found = quantize(graph, samples, **SEARCH).recipe["tensors"][0]
    quant = activation_quant(found["low"], found["high"])
    rounded = to_reals(to_integers(fresh, quant, np.int8, INT8), quant)
    return float(((run_float(graph, rounded) - run_float(graph, fresh)) ** 2).mean())


@pytest.mark.parametrize("outliers", [0, 3])
def test_images_of_8_bits_keep_their_steps(outliers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, fresh = images(100, 1), images(200, 2)
    x[:outliers] *= np.float32(0.37)  # as they are when they were scaled back
    lost = [lost_by_input(separable(seed), x, fresh) for seed in range(8)]
    monkeypatch.setattr(candidates, "ROOM", ())
    plain = [lost_by_input(separable(seed), x, fresh) for seed in range(8)]
    assert np.mean(np.divide(lost, plain)) < 0.93


def long_tailed() -> Graph:
    """Input [1, 24] → FULLY_CONNECTED, SOFTMAX: three classes close to each other, and 497 below
    them at any distance."""
    net = Net()
    graph = net.graph(net.softmax(net.dense(net.input(1, 24), 500)))
    _, *constants = graph.nodes[0].inputs
    weights, bias = (np.array(graph.tensors[t].data) for t in constants)
    weights[:3] *= 0.1
    weights[3:] *= 0.6
    bias[:3], bias[3:] = 10.0, 0.0
    return prepare.with_data(graph, dict(zip(constants, (weights, bias), strict=True)))


def divergence(graph: Graph, samples: Array, fresh: Array) -> float:
    """Mean Kullback-Leibler divergence of the int8 logits on samples that did not calibrate."""
    wanted = run_float(evaluate.before_softmax(graph), fresh)
    made = evaluate.before_softmax(quantize(graph, samples, **SEARCH).graph)
    feed = evaluate.to_input(made.tensors[made.inputs[0]], fresh)
    got = evaluate.from_output(made.tensors[made.outputs[0]], reference.run(made, [feed])[0])
    return float(evaluate.compare(got, None, wanted, logits=True).kl)


def test_logits_far_below_take_no_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = long_tailed()
    x, fresh = noise(graph, 100), noise(graph, 400, seed=5)
    lost = divergence(graph, x, fresh)
    monkeypatch.setattr(candidates, "ENDS", ())
    plain = divergence(graph, x, fresh)
    assert lost < 0.9 * plain


def of_two_kinds() -> Graph:
    """A layer of which six channels hear the input's first channel only and two its second."""
    net = Net()
    weights = np.zeros((8, 3, 3, 2), np.float32)
    weights[:6, ..., 0] = net.random.normal(size=(6, 3, 3)) * 0.4
    weights[6:, ..., 1] = net.random.normal(size=(2, 3, 3)) * 0.4
    x = net.op("CONV_2D", net.input(1, 8, 8, 2), net.const(weights), shape=(1, 8, 8, 8),
               fused_activation_function=1, **CONV)  # fmt: skip
    x = net.conv(x, 8, fused_activation_function=1)
    return net.graph(net.dense(net.reshape(x, 1, 512), 6))


def test_what_a_few_samples_leave_out_is_not_amplified(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = of_two_kinds()
    x, fresh = noise(graph, 100), noise(graph, 200, seed=5)
    x[..., 1] *= 0.02

    def lost(count: int) -> float:
        return error(graph, x[:count], fresh, **{**SEARCH, "equalize": True})

    few, many = lost(30), lost(100)
    monkeypatch.setattr(candidates, "LEAST_USUAL", (0.1, 0.1))
    assert few < 0.5 * lost(30)
    assert many == lost(100)
