# SPDX-License-Identifier: Apache-2.0
"""Which activations carry the same channels, and may therefore be scaled channel by channel.

If a layer's output channel is divided by s, weights and bias of the layer by s, and the weights
that read the channel are multiplied by s, then the network computes the same: RELU, pools, sums and
the like pass a positive factor through (Nagel et al., 2019, arXiv:1906.04721, section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np

from edgeinfer.graph import Array, Graph
from edgeinfer.ops import op_for
from edgeinfer.ops.activation import real_range
from edgeinfer.ops.base import Site
from edgeinfer.quantize.assign import Groups

_PASSING = {"ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "PAD", "RELU", "RELU6", "RESHAPE"}
DEPTHWISE = "DEPTHWISE_CONV_2D"


@dataclass(frozen=True)
class Group:
    """Activations that share their channels, the last dimension."""

    tensors: tuple[int, ...]
    makers: tuple[int, ...]  # nodes with weights whose outputs these are
    readers: tuple[int, ...]  # nodes with weights that read them
    channels: int
    clip: float  # 6 if one of them passes a RELU6, which no factor passes through; else infinity


def groups(graph: Graph) -> list[Group]:
    """The groups whose channels may be scaled: made and read by layers with weights only."""
    joined, blocked = Groups(), {*graph.inputs, *graph.outputs}
    clipped: set[int] = set()
    makers: dict[int, int] = {}
    readers: dict[int, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        site = Site.of(graph, index)
        op, out = op_for(site), node.outputs[0]
        low, high = _activation(site)
        if (low, high) == (0.0, 6.0):
            clipped.add(out)
        elif (low, high) not in ((-inf, inf), (0.0, inf)):
            blocked.add(out)
        floats = [t for t in node.inputs if t >= 0 and graph.tensors[t].dtype == np.float32]
        if op.rule.weights is not None:
            makers[out] = index
            readers.setdefault(node.inputs[0], []).append(index)
            width = graph.tensors[node.inputs[0]].shape[-1:]
            if node.op != DEPTHWISE and width != site.input(op.rule.weights).shape[-1:]:
                blocked.add(node.inputs[0])  # a dense layer over several dimensions at once
        elif node.op in _PASSING and _same_channels(graph, index, floats):
            for t in floats:
                joined.join(t, out)
        else:
            blocked.update((*floats, *node.outputs))
    found: dict[int, list[int]] = {}
    for t in graph.activations():
        found.setdefault(joined.root(t), []).append(t)
    return [
        Group(
            tuple(tensors),
            tuple(sorted({makers[t] for t in tensors if t in makers})),
            tuple(sorted({i for t in tensors for i in readers.get(t, ())})),
            graph.tensors[tensors[0]].shape[-1],
            6.0 if clipped & set(tensors) else inf,
        )
        for tensors in found.values()
        if not blocked & set(tensors)
        and any(t in makers for t in tensors)
        and any(t in readers for t in tensors)
    ]


def scaled(graph: Graph, factors: Mapping[Group, Array]) -> dict[int, Array]:
    """New weights and biases, tensor → float32, when each group's channels are divided by these.

    Needs a graph whose layers have weights and biases of their own (prepare.own_constants)."""
    changed: dict[int, Array] = {}

    def get(t: int) -> Array:
        data = changed.get(t, graph.tensors[t].data)
        assert data is not None
        return data

    for group, s in factors.items():
        for index in group.makers:
            node = graph.nodes[index]
            weights = get(node.inputs[1])
            shape = (1,) * (weights.ndim - 1)
            by = s if node.op == DEPTHWISE else s.reshape(-1, *shape)
            changed[node.inputs[1]] = (weights / by).astype(np.float32)
            changed[node.inputs[2]] = (get(node.inputs[2]) / s).astype(np.float32)
        for index in group.readers:
            node = graph.nodes[index]
            weights = get(node.inputs[1])
            by = np.repeat(s, weights.shape[-1] // len(s)) if node.op == DEPTHWISE else s
            changed[node.inputs[1]] = (weights * by).astype(np.float32)
    return changed


def _activation(site: Site) -> tuple[float, float]:
    own = {"RELU": (0.0, inf), "RELU6": (0.0, 6.0)}
    op = site.node.op
    # Of others, such as an LSTM, the option means something else.
    clips = op_for(site).rule.weights is not None or op in _PASSING
    return own.get(op) or (real_range(site) if clips else (-inf, inf))


def _same_channels(graph: Graph, index: int, floats: list[int]) -> bool:
    """Whether a node keeps the last dimension's entries where they are."""
    node = graph.nodes[index]
    out = graph.tensors[node.outputs[0]].shape
    shapes = [graph.tensors[t].shape for t in floats]
    if any(graph.tensors[t].data is not None for t in floats) or not out:
        return False
    if node.op == "ADD":
        return all(s == out for s in shapes)
    if node.op == "PAD":
        pads = Site.of(graph, index).const(1)
        return not np.any(pads[-1])
    return shapes[0][-1:] == out[-1:]
