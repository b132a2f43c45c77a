# SPDX-License-Identifier: Apache-2.0
"""Channels that nobody reads are taken out of tensors, weights, biases and scales.

A channel is read if it belongs to an output of the model, or if a weight other than zero takes it
into a channel that is read. Element-wise operators, pools, depthwise convolutions, concatenations
and reshapes tie channels of their inputs and outputs together (flow.py)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.optimize.base import Editor, Outcome, Removed
from edgeinfer.optimize.flow import Cut, Flow, flow, width

NAME = "unread-channels"
Live = dict[int, Array]  # activation → bool [channels]


def run(graph: Graph) -> Outcome:
    """Remove all channels that do not reach an output."""
    sites = [Site.of(graph, i) for i in range(len(graph.nodes))]
    flows = [_flow(site) for site in sites]
    live = _live(graph, flows)
    kept = {t: np.flatnonzero(mask) for t, mask in live.items() if not mask.all()}
    if not kept:
        return Outcome(graph)
    edited, removed = Editor(graph), []
    for t, channels in kept.items():
        tensor = graph.tensors[t]
        edited.tensors[t] = replace(tensor, shape=(*tensor.shape[:-1], len(channels)))
    for index, (site, found) in enumerate(zip(sites, flows, strict=True)):
        if found is None:
            continue
        saved = sum(_cut(edited, index, site, cut, live) for cut in found.cuts)
        if site.node.op == "RESHAPE" and site.node.outputs[0] in kept:
            _reshape(edited, index)
        mask = live[site.node.outputs[0]]
        if saved or not mask.all():
            gone = int(np.count_nonzero(~mask))
            removed.append(Removed(NAME, site.output.name, site.node.op, gone, 0, saved))
    return Outcome(edited.graph(), tuple(removed), kept)


def _flow(site: Site) -> Flow | None:
    if any(t.data is not None for t in site.outputs):
        return None
    try:
        return flow(OPS.get(site.node.op), site)
    except EdgeinferError:
        return None


def _live(graph: Graph, flows: list[Flow | None]) -> Live:
    """Which channels must stay: the least fixed point over all nodes."""
    live: Live = {}
    fixed = {*graph.inputs, *graph.outputs}
    for t in graph.activations():
        tensor = graph.tensors[t]
        per_channel = tensor.quant is not None and tensor.quant.per_channel
        stays = t in fixed or tensor.is_variable or tensor.dtype.kind != "i" or per_channel
        live[t] = np.full(width(tensor), stays or not tensor.shape)
    for node, found in zip(graph.nodes, flows, strict=True):
        for t in (*node.inputs, *node.outputs) if found is None else found.whole:
            if t in live:
                live[t][:] = True
    least = {t: min(1, mask.size) for t, mask in live.items()}
    for node in graph.nodes:
        weights = graph.tensors[node.inputs[1]].quant if node.op == "FULLY_CONNECTED" else None
        if weights is not None and weights.per_channel and node.outputs[0] in live:
            least[node.outputs[0]] = min(
                2, live[node.outputs[0]].size
            )  # with a single scale, TFLite would round in float32
    while True:
        _spread(graph, flows, live)
        few = [t for t, mask in live.items() if mask.sum() < least[t]]
        if not few:
            return live
        live[few[-1]][: least[few[-1]]] = True


def _spread(graph: Graph, flows: list[Flow | None], live: Live) -> None:
    count = -1
    while count != (count := sum(int(mask.sum()) for mask in live.values())):
        for node, found in zip(reversed(graph.nodes), reversed(flows), strict=True):
            if found is None:
                continue
            result = live[node.outputs[0]]
            if found.reads is not None and node.inputs[0] in live:
                live[node.inputs[0]] |= found.reads[result].any(axis=0)
            for link in found.links:
                if link.tensor not in live:  # a constant
                    result[link.result] = True
                    continue
                source = live[link.tensor]
                either = source[link.channel] | result[link.result]
                np.logical_or.at(source, link.channel, either)
                np.logical_or.at(result, link.result, either)


def _cut(edited: Editor, index: int, site: Site, cut: Cut, live: Live) -> int:
    """Take dead channels out of a constant; returns the bytes saved."""
    if cut.tensor not in live or live[cut.tensor].all():
        return 0
    before = edited.tensors[edited.nodes[index].inputs[cut.position]]
    assert before.data is not None
    mask = np.tile(live[cut.tensor], before.shape[cut.axis] // len(live[cut.tensor]))
    quant = before.quant
    # Only outputs have scales of their own; the axis of a bias's scales is wrong in some files.
    if quant is not None and quant.per_channel and cut.tensor == site.node.outputs[0]:
        quant = Quant(quant.scale[mask], quant.zero_point[mask], quant.axis)
    data = before.data.compress(mask, cut.axis)
    edited.set_input(index, cut.position, edited.constant(before, data, quant=quant))
    return before.nbytes - data.nbytes


def _reshape(edited: Editor, index: int) -> None:
    """Say the new shape where the old one stood: as an option and as a constant."""
    node = edited.nodes[index]
    shape = np.array(edited.tensors[node.outputs[0]].shape, np.int32)
    if "new_shape" in node.options:
        edited.replace(index, options={**node.options, "new_shape": shape})
    if len(node.inputs) > 1 and node.inputs[1] >= 0:
        like = edited.tensors[node.inputs[1]]
        edited.set_input(index, 1, edited.constant(like, shape.astype(like.dtype)))
