# SPDX-License-Identifier: Apache-2.0
"""Dead channels put to use: each takes a copy of a channel whose rounding costs the most.

Trained networks have channels that are always zero. A copy of a live channel there, scaled a
little, is rounded differently from the channel itself; the layer that reads both takes half of
each, so that half of the noise's power is gone, at the cost of nothing: shapes stay. After Zhao et
al., 2019 (arXiv:1901.09504), who split outliers into channels that they add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgeinfer.graph import Array, Graph
from edgeinfer.ops import op_for
from edgeinfer.ops.activation import clip, real_range
from edgeinfer.ops.base import Site
from edgeinfer.quantize.channels import DEPTHWISE, Group
from edgeinfer.quantize.params import Range

APART = 1.05  # a copy's scale: within 20 steps its roundings have nothing to do with the original's


@dataclass(frozen=True)
class Chain:
    """Groups that depthwise layers connect channel by channel."""

    groups: tuple[Group, ...]
    between: tuple[int, ...]  # the depthwise nodes, one fewer


def chains(graph: Graph, groups: Sequence[Group]) -> list[Chain]:
    """Groups from the layers that make their channels to the layers that mix them."""
    by_maker = {index: group for group in groups for index in group.makers}
    found = []
    for group in groups:
        if any(graph.nodes[i].op == DEPTHWISE for i in group.makers):
            continue
        row, between = [group], list[int]()
        while len(row[-1].readers) == 1 and graph.nodes[row[-1].readers[0]].op == DEPTHWISE:
            index = row[-1].readers[0]
            after = by_maker.get(index)
            if after is None or len(after.makers) > 1 or after.channels != group.channels:
                break
            between.append(index)
            row.append(after)
        if all(graph.nodes[i].op != DEPTHWISE for i in row[-1].readers):
            found.append(Chain(tuple(row), tuple(between)))
    return found


def split(
    graph: Graph,
    groups: Sequence[Group],
    noise: Mapping[Group, Array],
    ranges: Mapping[int, Range],
) -> tuple[dict[int, Array], int]:
    """New weights and biases, tensor → float32, and how many channels were put to use.

    `noise` is what rounding each channel of a group costs, `ranges` what activations lie in. The
    graph computes the same but for values that RELU6 clips, which a copy clips 5 % later."""
    data = {t: tensor.data for t, tensor in enumerate(graph.tensors) if tensor.data is not None}
    changed: dict[int, Array] = {}
    used = 0
    for chain in chains(graph, groups):
        if any(noise.get(g) is None for g in chain.groups):
            continue
        free = _free(graph, chain, ranges, data)
        cost = np.sum([noise[g] for g in chain.groups], 0).astype(np.float64)
        copies = np.ones(len(cost))
        cost[[d for d, _ in free]] = 0
        taken: list[tuple[int, int]] = []
        for slot, _ in free:
            gain = cost / copies - cost / (copies + 1)
            if gain.max(initial=0.0) > 0:
                best = int(gain.argmax())
                copies[best] += 1
                taken.append((slot, best))
        if taken:
            constants = dict(free)
            _apply(graph, chain, taken, copies, constants, data, changed)
            used += len(taken)
    return changed, used


def _free(
    graph: Graph, chain: Chain, ranges: Mapping[int, Range], data: Mapping[int, Array]
) -> list[tuple[int, float]]:
    """The channels that are zero whatever comes in, and the constant that they are at the end."""
    dead = np.ones(chain.groups[0].channels, bool)
    for index in chain.groups[0].makers:
        site = Site.of(graph, index)
        node = site.node
        if real_range(site)[0] != 0:
            return []
        low, high = ranges[node.inputs[0]]
        rows = data[node.inputs[1]].reshape(len(dead), -1).astype(np.float64)
        most = np.maximum(rows * low, rows * high).sum(1) + data[node.inputs[2]]
        dead &= most <= 0
    constant = np.zeros(len(dead), np.float32)
    for index in chain.between:
        site = Site.of(graph, index)
        if index == chain.between[0] or not constant.any():
            constant = clip(site, data[site.node.inputs[2]].astype(np.float32))
        else:
            return []
    for index in chain.groups[-1].readers:
        site = Site.of(graph, index)
        weights = site.input(1)
        if len(weights.shape) == 4 and weights.shape[1:3] != (1, 1):
            dead &= constant == 0  # the padding would be another constant
    return [(int(d), float(constant[d])) for d in np.flatnonzero(dead)]


def _apply(
    graph: Graph,
    chain: Chain,
    taken: Sequence[tuple[int, int]],
    copies: Array,
    constants: Mapping[int, float],
    data: dict[int, Array],
    changed: dict[int, Array],
) -> None:
    """Write copies into the dead channels of a chain's layers."""
    scales: dict[int, float] = {}
    count: dict[int, int] = {}
    for slot, source in taken:
        count[source] = count.get(source, 0) + 1
        scales[slot] = APART ** count[source]

    def edit(t: int) -> Array:
        changed[t] = data[t] = np.array(data[t], np.float32)
        return data[t]

    for index in chain.groups[0].makers:
        node = graph.nodes[index]
        weights, bias = edit(node.inputs[1]), edit(node.inputs[2])
        for slot, source in taken:
            weights[slot] = weights[source] / scales[slot]
            bias[slot] = bias[source] / scales[slot]
    for index in chain.between:
        node = graph.nodes[index]
        weights, bias = edit(node.inputs[1]), edit(node.inputs[2])
        for slot, source in taken:
            weights[..., slot] = weights[..., source]
            bias[slot] = bias[source] / scales[slot]
    for index in chain.groups[-1].readers:
        node = graph.nodes[index]
        assert op_for(Site.of(graph, index)).rule.weights == 1
        weights, bias = edit(node.inputs[1]), edit(node.inputs[2])
        for slot, _ in taken:
            bias += weights[..., slot].reshape(len(bias), -1).sum(1) * constants[slot]
        weights /= copies.astype(np.float32)
        for slot, source in taken:
            weights[..., slot] = weights[..., source] * scales[slot]
