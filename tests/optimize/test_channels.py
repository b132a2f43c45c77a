# SPDX-License-Identifier: Apache-2.0
"""Dead channels: what goes, what has to stay, and that no byte changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.optimize import Optimized, optimize
from edgeinfer.optimize.bounds import bounds
from edgeinfer.reference import run
from tests.ops.cases import samples
from tests.optimize.networks import Net, network

BOTH = ("constant-channels", "unread-channels")


def batch(graph: Graph, seed: int, count: int) -> list[Array]:
    """Random samples for each input, all at once."""
    each = samples(graph, np.random.default_rng(seed), count)
    return [np.concatenate(values) for values in zip(*each, strict=True)]


def same_bytes(graph: Graph, passes: tuple[str, ...] | None, seed: int = 0) -> Optimized:
    """Optimize; every activation that is left must equal the original's for random inputs."""
    made = optimize(graph, passes)
    inputs = batch(graph, seed, 8)
    before: dict[int, Array] = {}
    expected = run(graph, inputs, before.__setitem__)

    def check(t: int, value: Array) -> None:
        assert made.left(t, before[t]).tobytes() == value.tobytes(), made.graph.tensors[t].name

    got = run(made.graph, inputs, check)
    assert [y.tobytes() for y in got] == [y.tobytes() for y in expected]
    return made


@settings(deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([BOTH, BOTH[:1], BOTH[1:]]))
def test_random_networks_keep_every_byte(seed: int, passes: tuple[str, ...]) -> None:
    made = same_bytes(network(seed), passes, seed)
    assert all(made.graph.tensors[t].shape[-1] == len(c) for t, c in made.kept.items())


def test_random_networks_lose_a_good_part() -> None:
    graphs = [network(seed) for seed in range(60)]
    removed = [optimize(graph, BOTH).removed for graph in graphs]
    assert sum(any(r.channels for r in each) for each in removed) > 30
    assert not any(optimize(graph, ()).removed for graph in graphs)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_bounds_hold(seed: int) -> None:
    graph = network(seed)
    known = bounds(graph)

    def check(t: int, value: Array) -> None:
        low, high = known[t]
        assert np.all((low <= value) & (value <= high)), graph.tensors[t].name

    run(graph, batch(graph, seed, 6), check)


def planted(constant: int, zero: int, padding: int = 0) -> tuple[Graph, int]:
    """Pointwise → depthwise → pointwise; of the first one's four channels, one is `constant`."""
    net = Net(3)
    x = net.conv(net.input(1, 5, 5, 3), 4, 1)
    quant = Quant.per_tensor(0.05, zero)
    net.tensors[x] = replace(net.tensors[x], quant=quant)
    _, w, bias = net.nodes[-1].inputs
    data, sums = net.random.integers(1, 100, (4, 1, 1, 3)), np.zeros(4, np.int64)
    data[2], product = 0, float(net.tensors[bias].quant.scale[2])  # type: ignore[union-attr]
    sums[2] = round((constant - zero) * 0.05 / product)
    net.tensors[w] = replace(net.tensors[w], data=data.astype(np.int8))
    net.tensors[bias] = replace(net.tensors[bias], data=sums.astype(np.int32))
    d = net.depthwise(x, padding=padding)
    h, width = (5, 5) if padding == 0 else (3, 3)
    # A wide output scale: the depthwise output tells the border from the interior.
    net.tensors[d] = replace(net.tensors[d], shape=(1, h, width, 4), quant=net.quant(0))
    _, w, bias = net.nodes[-1].inputs
    ones = net.random.integers(20, 40, (1, 3, 3, 4)).astype(np.int8)
    net.tensors[w] = replace(net.tensors[w], data=ones)
    net.tensors[bias] = replace(net.tensors[bias], data=np.zeros(4, np.int32))
    y = net.conv(d, 5, 1)
    weights = net.nodes[-1].inputs[1]
    full = net.random.integers(1, 100, (5, 1, 1, 4)).astype(np.int8)
    net.tensors[weights] = replace(net.tensors[weights], data=full)
    net.tensors[y] = replace(net.tensors[y], quant=Quant.per_tensor(0.5, 0))
    return net.graph(y), x


@pytest.mark.parametrize(
    ("constant", "zero", "padding", "left"),
    [
        (-128, -128, 0, 3),  # the padding counts as the constant: gone
        (100, -128, 1, 3),  # no padding: gone
        (100, -128, 0, 4),  # border and interior of the depthwise layer differ: stays
    ],
)
def test_padding_decides_whether_a_constant_channel_goes(
    constant: int, zero: int, padding: int, left: int
) -> None:
    graph, x = planted(constant, zero, padding)
    made = same_bytes(graph, BOTH)
    assert made.graph.tensors[x].shape[-1] == left
    if left == 3:
        assert made.kept[x].tolist() == [0, 1, 3]
        assert [(r.op, r.channels) for r in made.removed] == [
            ("CONV_2D", 1),
            ("DEPTHWISE_CONV_2D", 1),
            ("CONV_2D", 0),
        ]
        # Weights, bias of both layers and the last one's inputs.
        assert sum(r.weight_bytes for r in made.removed) == (3 + 4) + (9 + 4) + 5


def test_a_bias_that_saturates_makes_a_channel_constant() -> None:
    net = Net(1)
    x = net.conv(net.input(1, 4, 4, 2), 3, 1, fused_activation_function=1)
    net.tensors[x] = replace(net.tensors[x], quant=Quant.per_tensor(0.02, -128))
    bias = net.nodes[-1].inputs[2]
    w = net.nodes[-1].inputs[1]
    data = np.array([[[[100, -100]]]] * 3, np.int8)
    net.tensors[w] = replace(net.tensors[w], data=data)
    sums = np.array([0, -100 * 255, 0], np.int32)
    net.tensors[bias] = replace(net.tensors[bias], data=sums)
    y = net.conv(x, 4, 3)
    w = net.nodes[-1].inputs[1]
    net.tensors[w] = replace(net.tensors[w], data=np.full((4, 3, 3, 3), 5, np.int8))
    made = same_bytes(net.graph(y), BOTH)
    assert made.kept[x].tolist() == [0, 2]


def test_outputs_of_the_model_keep_all_channels() -> None:
    graph, x = planted(-128, -128)
    made = same_bytes(replace(graph, outputs=(*graph.outputs, x)), BOTH)
    assert made.graph.tensors[x].shape[-1] == 4


def test_a_layer_is_never_left_without_channels() -> None:
    net = Net(5)
    x = net.conv(net.input(1, 4, 4, 2), 3, 1)
    y = net.conv(x, 4, 1)
    w = net.nodes[-1].inputs[1]
    net.tensors[w] = replace(net.tensors[w], data=np.zeros((4, 1, 1, 3), np.int8))
    made = same_bytes(net.graph(y), BOTH)
    assert made.graph.tensors[x].shape[-1] == 1


def test_scales_per_channel_stay_so_in_fully_connected_layers() -> None:
    """One scale would be multiplied in float32, several are in double."""
    net = Net(5)
    x = net.dense(net.input(1, 6), 4)
    y = net.dense(x, 3)
    w = net.nodes[-1].inputs[1]
    data = np.zeros((3, 4), np.int8)
    data[:, 1] = 3
    net.tensors[w] = replace(net.tensors[w], data=data)
    made = same_bytes(net.graph(y), BOTH[1:])
    assert made.kept[x].tolist() == [0, 1]
