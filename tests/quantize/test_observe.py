# SPDX-License-Identifier: Apache-2.0
"""Running the float network over samples."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer import reference
from edgeinfer.errors import QuantizeError
from edgeinfer.quantize.observe import batch_size, observe
from edgeinfer.quantize.ranges import METHODS, MinMax
from tests.quantize.networks import Net, classifier, noise


def test_ranges_are_those_of_single_runs() -> None:
    graph = classifier()
    x = noise(graph, 70)
    calls: list[tuple[int, int]] = []
    found = observe(graph, [x], lambda count: MinMax(), lambda *done: calls.append(done))
    assert batch_size(graph, [x]) == 64
    assert calls == [(64, 70), (70, 70)]
    assert set(found) == set(graph.activations())
    single: dict[int, list[float]] = {}
    for sample in x:
        reference.run(
            graph, [sample[None]], lambda t, v: single.setdefault(t, []).append(float(v.max()))
        )
    for t, (low, high) in found.items():
        assert low <= 0 <= high
        assert high == pytest.approx(max(0.0, *single[t]), rel=1e-5)


def test_percentile_counts_every_value() -> None:
    graph = classifier()
    x = noise(graph, 70)
    counts: list[int] = []
    observe(graph, [x], lambda n: counts.append(n) or METHODS["minmax"](n, 0))  # type: ignore[func-returns-value]
    assert counts[0] == x.size
    assert len(counts) == len(list(graph.activations()))


def test_a_network_that_mixes_its_batch_runs_one_by_one() -> None:
    net = Net()
    x = net.input(1, 4)
    graph = net.graph(net.op("MEAN", x, net.const([0], np.int32), shape=(4,), keep_dims=False))
    samples = noise(graph, 20)
    assert batch_size(graph, [samples]) == 1
    found = observe(graph, [samples], lambda count: MinMax())
    assert found[graph.outputs[0]] == pytest.approx((samples.min(), samples.max()))


def test_a_batch_of_the_models_own() -> None:
    net = Net()
    graph = net.graph(net.dense(net.input(3, 4), 2))
    samples = noise(graph, 7)
    assert batch_size(graph, [samples]) % 3 == 0
    counts: list[int] = []
    observe(graph, [samples], lambda n: counts.append(n) or MinMax())  # type: ignore[func-returns-value]
    assert counts == [36, 18]  # filled up to nine samples


def test_overflow_in_the_network_is_refused() -> None:
    net = Net()
    x = net.input(1, 4)
    graph = net.graph(net.op("MUL", x, net.const([3e38] * 4), shape=(1, 4)))
    with pytest.raises(QuantizeError, match=r"'mul0' becomes infinite"):
        observe(graph, [10 + noise(graph)], lambda count: MinMax())
