# SPDX-License-Identifier: Apache-2.0
"""Steps of time are cut out and stacked where they lie, not after a transposition."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer import reference
from edgeinfer.graph import Graph, Node, Tensor
from edgeinfer.quantize import quantize
from edgeinfer.quantize.unstack import without_turns
from tests.quantize.networks import Net, noise


def unrolled(turn: tuple[int, ...], axis: int, back: tuple[int, ...]) -> Graph:
    """Input [1, 4, 5] → TRANSPOSE → UNPACK → a dense layer for each step → PACK → TRANSPOSE."""
    net = Net()
    x = net.input(1, 4, 5)
    shape = tuple((1, 4, 5)[d] for d in turn)
    y = net.op("TRANSPOSE", x, net.const(turn, np.int32), shape=shape)
    rest = (*shape[:axis], *shape[axis + 1 :])
    steps = [
        net.add(Tensor(f"step{i}", rest, np.dtype(np.float32))) for i in range(shape[axis])
    ]  # fmt: skip
    options = {"num": shape[axis], "axis": axis}
    net.nodes.append(Node("UNPACK", (y,), tuple(steps), options, "UnpackOptions"))
    steps = [net.dense(step, 3) if len(rest) == 2 else step for step in steps]
    made = (len(steps), *net.tensors[steps[0]].shape)
    y = net.op("PACK", *steps, shape=made, values_count=len(steps), axis=0)
    shape = tuple(made[d] for d in back)
    y = net.op("TRANSPOSE", y, net.const(back, np.int32), shape=shape)
    return net.graph(net.dense(net.reshape(y, 1, int(np.prod(shape))), 2))


@pytest.mark.parametrize(
    ("turn", "axis", "back", "left"),
    [
        ((1, 0, 2), 0, (1, 0, 2), 0),
        ((0, 2, 1), 1, (1, 0, 2), 0),
        ((1, 0, 2), -3, (1, 2, 0), 0),
        ((1, 0, 2), 0, (2, 0, 1), 1),  # the channels, too, change places with the samples
    ],
)
def test_transpositions_go(
    turn: tuple[int, ...], axis: int, back: tuple[int, ...], left: int
) -> None:
    graph = unrolled(turn, axis % 3, back)
    made = without_turns(graph)
    assert [node.op for node in made.nodes].count("TRANSPOSE") == left
    x = noise(graph, 1)
    assert np.array_equal(reference.run(made, [x])[0], reference.run(graph, [x])[0])


def test_samples_lead_and_are_searched() -> None:
    graph = unrolled((1, 0, 2), 0, (1, 0, 2))
    made = quantize(graph, noise(graph, 30))
    assert not made.warnings
    assert any("loss" in t for t in made.recipe["tensors"])


def test_what_lets_others_lead_is_not_searched() -> None:
    net = Net()
    x = net.input(1, 4, 5)
    order = net.const((1, 0, 2), np.int32)
    y = net.op("TRANSPOSE", x, order, shape=(4, 1, 5))
    y = net.op("TANH", y, shape=(4, 1, 5))
    y = net.op("TRANSPOSE", y, order, shape=(1, 4, 5))
    graph = net.graph(net.dense(net.reshape(y, 1, 20), 2))
    made = quantize(graph, noise(graph, 30))
    assert "channels are not equalized" in made.warnings[0]
