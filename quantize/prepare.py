# SPDX-License-Identifier: Apache-2.0
"""A float graph in the form that the stages work on: constants computed, activations fused, and
weights and a bias of its own for each layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edgeinfer.fold import folded
from edgeinfer.graph import Array, Graph, Node, Tensor
from edgeinfer.ops import OPS, op_for
from edgeinfer.ops.base import Site

_FUSABLE = {"RELU": 1, "RELU6": 3}  # operator → ActivationFunctionType of the schema
_UNFUSED = "TRANSPOSE_CONV"  # TFLite Micro knows no activation there


def fold_constants(graph: Graph) -> Graph:
    """Compute what depends on no input (edgeinfer/fold.py), and drop the tensors that nobody reads
    then: the file would hold float16 weights beside the int8 ones."""
    plain = folded(graph)
    return graph if plain is graph else without_orphans(plain)


def without_orphans(graph: Graph) -> Graph:
    """The graph without the tensors that nothing names."""
    own = [s for s in graph.signatures if s["subgraph"] == 0]
    used = {*graph.inputs, *graph.outputs}
    used |= {t for s in own for side in ("inputs", "outputs") for t in s[side].values()}
    for node in graph.nodes:
        used.update(node.inputs, node.outputs, node.options.get("intermediates", ()))
    kept = sorted(used - {-1})
    place = {-1: -1, **{t: i for i, t in enumerate(kept)}}

    def moved(tensors: Iterable[int]) -> tuple[int, ...]:
        return tuple(place[t] for t in tensors)

    def node_of(node: Node) -> Node:
        options = dict(node.options)
        if "intermediates" in options:
            options["intermediates"] = moved(options["intermediates"])
        return replace(
            node, inputs=moved(node.inputs), outputs=moved(node.outputs), options=options
        )

    def signature(s: Mapping[str, Any]) -> Mapping[str, Any]:
        sides = {k: {name: place[t] for name, t in s[k].items()} for k in ("inputs", "outputs")}
        return {**s, **sides}

    return replace(
        graph,
        tensors=tuple(graph.tensors[t] for t in kept),
        nodes=tuple(node_of(node) for node in graph.nodes),
        inputs=moved(graph.inputs),
        outputs=moved(graph.outputs),
        signatures=tuple(signature(s) if s in own else s for s in graph.signatures),
    )


def fuse_activations(graph: Graph) -> Graph:
    """Let a RELU or RELU6 that alone reads a convolution's or a dense layer's output become a part
    of it: one rounding less, and a node less to run."""
    readers, nodes, gone = graph.consumers(), list(graph.nodes), set()
    makers = graph.producers()
    for index, node in enumerate(graph.nodes):
        maker = makers.get(node.inputs[0], -1) if node.op in _FUSABLE else -1
        if maker < 0 or len(readers[node.inputs[0]]) > 1 or node.inputs[0] in graph.outputs:
            continue
        before = nodes[maker]
        if before.op not in OPS or OPS[before.op].rule.weights is None:
            continue
        fused = before.options.get("fused_activation_function", 0) != 0
        if fused or before.op == _UNFUSED:
            continue
        options = {**before.options, "fused_activation_function": _FUSABLE[node.op]}
        nodes[maker] = replace(before, outputs=node.outputs, options=options)
        gone.add(index)
    return replace(graph, nodes=tuple(n for i, n in enumerate(nodes) if i not in gone))


def own_constants(graph: Graph) -> Graph:
    """Give each layer with weights its own tensors for them, and a bias if it has none."""
    tensors, nodes, used = list(graph.tensors), [], set()

    def own(tensor: Tensor, index: int) -> int:
        if index >= 0 and index not in used:
            used.add(index)
            return index
        suffix = f"_{len(tensors) - len(graph.tensors) + 1}" if index >= 0 else ""
        tensors.append(replace(tensor, name=tensor.name + suffix))
        return len(tensors) - 1

    for index, node in enumerate(graph.nodes):
        site = Site.of(graph, index)
        rule = op_for(site).rule
        if rule.weights is None or rule.bias is None:
            used.update(node.inputs)
            nodes.append(node)
            continue
        inputs = [*node.inputs, *[-1] * (rule.bias + 1 - len(node.inputs))]
        weights, bias = site.input(rule.weights), site.optional(rule.bias)
        if bias is None:
            channels = weights.shape[rule.channel_axis or 0]
            zeros = np.zeros(channels, np.float32)
            bias = Tensor(f"{weights.name}_bias", zeros.shape, zeros.dtype, data=zeros)
        inputs[rule.weights] = own(weights, inputs[rule.weights])
        inputs[rule.bias] = own(bias, inputs[rule.bias])
        nodes.append(replace(node, inputs=tuple(inputs)))
    return replace(graph, tensors=tuple(tensors), nodes=tuple(nodes))


def with_data(graph: Graph, changed: dict[int, Array]) -> Graph:
    """The graph with other constants: tensor → float32 data of the same shape."""
    tensors = list(graph.tensors)
    for t, data in changed.items():
        tensors[t] = replace(tensors[t], data=np.asarray(data, np.float32))
    return replace(graph, tensors=tuple(tensors))


def one_node(graph: Graph, node: Node, activations: set[int]) -> Graph:
    """The graph of a single node; its inputs are those of `activations` that the node reads."""
    inputs = tuple(dict.fromkeys(t for t in node.inputs if t in activations))
    return replace(graph, nodes=(node,), inputs=inputs, outputs=node.outputs, signatures=())
