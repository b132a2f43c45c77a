# SPDX-License-Identifier: Apache-2.0
"""Dead channels put to use: each takes a copy of a channel whose rounding costs the most.

Trained networks have channels that are always zero. A live channel and its copy there get biases
half a step of rounding apart, a quarter step up and a quarter step down; the layer that reads both
takes half of each. So it sees steps half as large, and what was zero, or was clipped by RELU6,
stays as it was. Shapes stay, too. After Zhao et al., 2019 (arXiv:1901.09504), who split outliers
into channels that they add."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.ops import op_for
from edgeinfer.ops.activation import clip, real_range
from edgeinfer.ops.base import Site
from edgeinfer.quantize.channels import DEPTHWISE, Group
from edgeinfer.quantize.params import Range
from edgeinfer.quantize.prepare import with_data
from edgeinfer.quantize.settings import Settings

LEAST = 0.005  # part of the loss of rounding all channels that a copy has to take away
# Operators that let pass what is added to a channel.
_PASSING = {"AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "PAD", "RESHAPE"}


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


def copied(
    graph: Graph,
    noise: Mapping[Group, Array],
    ranges: Mapping[int, Range],
    quants: Mapping[int, Quant],
    settings: Settings,
    misfit: Callable[[Graph], str] | None,
) -> tuple[Graph, Settings, list[str]]:
    """The graph with copies in its dead channels, the settings that repeat this, and notes.

    Arguments as for `split`; `misfit` says why a float graph would break the budget as int8, and
    then there are none. Nor are there where activations are to be int16, which hardly round."""
    none = graph, replace(settings, split=False)
    if settings.activations == "int16" or settings.mixed or settings.wide:
        return *none, []
    steps = {t: float(quant.scale[0]) for t, quant in quants.items()}
    changed, used = split(graph, list(noise), noise, ranges, steps)
    made = with_data(graph, changed)
    if used and misfit and (why := misfit(made)):
        return *none, [f"Dead channels stay dead, for with copies in them: {why}"]
    if not used:
        return graph, settings, []
    return made, settings, [
        f"Dead channels hold {used} copies of others, which makes rounding finer. They need the "
        "RAM and the time that leaving them out would save (--no-split)."
    ]  # fmt: skip


def split(
    graph: Graph,
    groups: Sequence[Group],
    noise: Mapping[Group, Array],
    ranges: Mapping[int, Range],
    steps: Mapping[int, float],
) -> tuple[dict[int, Array], int]:
    """New weights and biases, tensor → float32, and how many channels were put to use.

    `noise` is what rounding each channel of a group costs, `ranges` what activations lie in,
    `steps` the scale in which each is rounded. The graph computes the same but for a quarter step
    around zero and where RELU6 clips."""
    data = {t: tensor.data for t, tensor in enumerate(graph.tensors) if tensor.data is not None}
    changed: dict[int, Array] = {}
    used, least = 0, LEAST * float(sum(n.sum() for n in noise.values()))
    for chain in chains(graph, groups):
        if any(noise.get(g) is None or not _passes(graph, g) for g in chain.groups):
            continue
        constants = _free(graph, chain, ranges, data)
        copies = _copies([noise[g].astype(np.float64) for g in chain.groups], constants, least)
        if copies:
            _Split(graph, chain, copies, constants, steps, data, changed).apply()
            used += sum(len(slots) - 1 for slots in copies)
    return changed, used


def _passes(graph: Graph, group: Group) -> bool:
    """Whether all of a group's tensors are what one layer makes, moved or averaged."""
    made = graph.producers()
    ops = {graph.nodes[made[t]].op for t in group.tensors if made[t] not in group.makers}
    return len(group.makers) == 1 and ops <= _PASSING


def _copies(noise: Sequence[Array], free: Mapping[int, float], least: float) -> list[list[int]]:
    """For each channel that gets copies: itself and the dead channels that become its copies.

    Each takes away `least` of the loss or more: copies are not free of cost."""
    found = {c: [c] for c in range(len(noise[0])) if c not in free}
    if not found:
        return []

    def left(channel: int, count: int) -> float:
        # The copies' roundings lie evenly apart where they are made; what depthwise layers make of
        # them differs at random.
        first, *others = (n[channel] for n in noise)
        return float(first / count**2 + sum(others) / count)

    for slot in free:
        gains = {c: left(c, len(s)) - left(c, len(s) + 1) for c, s in found.items()}
        best = max(gains, key=gains.__getitem__)
        if gains[best] <= least:
            break
        found[best].append(slot)
    return [slots for slots in found.values() if len(slots) > 1]


@dataclass(frozen=True)
class _Split:
    """The copies of a chain's channels, to be written into its layers."""

    graph: Graph
    chain: Chain
    copies: Sequence[Sequence[int]]
    constants: Mapping[int, float]  # what the dead channels are at the end of the chain
    steps: Mapping[int, float]
    data: dict[int, Array]
    changed: dict[int, Array]

    def apply(self) -> None:
        """Write them."""
        before = self._maker(self.chain.groups[0].makers[0])
        for index in self.chain.between:
            before = self._between(index, before)
        for index in self.chain.groups[-1].readers:
            self._reader(index)

    def _edit(self, index: int) -> tuple[Array, Array]:
        """Copies of a layer's weights and bias that may be written to."""
        for t in self.graph.nodes[index].inputs[1:3]:
            self.changed[t] = self.data[t] = np.array(self.data[t], np.float32)
        w, b = self.graph.nodes[index].inputs[1:3]
        return self.data[w], self.data[b]

    def _offsets(self, index: int) -> dict[int, float]:
        """What is added to each channel that a layer makes."""
        step = self.steps[self.graph.nodes[index].outputs[0]]
        return {
            slot: step * ((2 * i + 1) / len(slots) - 1) / 2
            for slots in self.copies
            for i, slot in enumerate(slots)
        }

    def _maker(self, index: int) -> dict[int, float]:
        weights, bias = self._edit(index)
        offsets = self._offsets(index)
        for source, *slots in self.copies:
            weights[slots], bias[slots] = weights[source], bias[source]
        for slot, offset in offsets.items():
            bias[slot] += offset
        return offsets

    def _between(self, index: int, before: Mapping[int, float]) -> dict[int, float]:
        weights, bias = self._edit(index)
        offsets = self._offsets(index)
        for source, *slots in self.copies:
            weights[..., slots], bias[slots] = weights[..., [source]], bias[source]
        for slot, offset in offsets.items():
            bias[slot] += offset - before[slot] * weights[..., slot].sum()
        return offsets

    def _reader(self, index: int) -> None:
        assert op_for(Site.of(self.graph, index)).rule.weights == 1
        weights, bias = self._edit(index)
        for source, *slots in self.copies:
            for slot in slots:
                bias += weights[..., slot].reshape(len(bias), -1).sum(1) * self.constants[slot]
            share = weights[..., source] / np.float32(len(slots) + 1)
            for slot in (source, *slots):  # what is added to them is nothing in sum
                weights[..., slot] = share


def _free(
    graph: Graph, chain: Chain, ranges: Mapping[int, Range], data: Mapping[int, Array]
) -> dict[int, float]:
    """The channels that are zero whatever comes in, and the constant that they are at the end."""
    dead = np.ones(chain.groups[0].channels, bool)
    for index in chain.groups[0].makers:
        site = Site.of(graph, index)
        node = site.node
        if real_range(site)[0] != 0:
            return {}
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
            return {}
    for index in chain.groups[-1].readers:
        site = Site.of(graph, index)
        weights = site.input(1)
        if len(weights.shape) == 4 and weights.shape[1:3] != (1, 1):
            dead &= constant == 0  # the padding would be another constant
    return {int(d): float(constant[d]) for d in np.flatnonzero(dead)}
