# SPDX-License-Identifier: Apache-2.0
"""A graph as tflite-runtime's reference kernels run it: of the same bytes, but within what these
know and keep to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from edgeinfer.graph import Graph, Node, Tensor


def older(graph: Graph, op: str, version: int) -> Graph:
    """The graph with the version before this one of an operator.

    What versions add is types and options, which a graph without them does not need."""

    def change(part: Graph) -> Graph:
        nodes = [
            replace(n, version=version - 1) if (n.op, n.version) == (op, version) else n
            for n in part.nodes
        ]
        return replace(part, nodes=tuple(nodes))

    return _each_part(graph, change)


def flat(graph: Graph) -> Graph:
    """The graph with matrices, reshaped before and after, for FULLY_CONNECTED with a scale for each
    output: of more dimensions FullyConnectedPerChannel, which is made for two, gives a part."""
    return _each_part(graph, _flat)


def stretches(graph: Graph, kinds: Sequence[str]) -> list[tuple[str, Graph]]:
    """The graph cut into runs of layers of one kind, in order; `kinds` has that of each layer.

    Inputs of each are what it reads of others, outputs what is read after it."""
    cuts = [0, *(i for i in range(1, len(kinds)) if kinds[i] != kinds[i - 1]), len(kinds)]
    if len(cuts) == 2:
        return [(kinds[0], graph)]
    parts = []
    for first, last in pairwise(cuts):
        nodes = graph.nodes[first:last]
        made = {t for node in nodes for t in node.outputs}
        read = dict.fromkeys(t for node in nodes for t in node.inputs if t >= 0)
        later = {*graph.outputs, *(t for node in graph.nodes[last:] for t in node.inputs)}
        tensors = [
            t if t.data is None or i in read else replace(t, data=None)
            for i, t in enumerate(graph.tensors)
        ]
        inputs = tuple(t for t in read if t not in made and tensors[t].data is None)
        outputs = tuple(t for t in sorted(made) if t in later)
        part = Graph(tuple(tensors), nodes, inputs, outputs, subgraphs=graph.subgraphs)
        parts.append((kinds[first], part))
    return parts


def _each_part(graph: Graph, change: Callable[[Graph], Graph]) -> Graph:
    return replace(change(graph), subgraphs=tuple(map(change, graph.subgraphs)))


def _flat(graph: Graph) -> Graph:
    tensors, nodes = list(graph.tensors), []

    def reshape(source: int, target: int) -> Node:
        shape = np.array(tensors[target].shape, np.int32)
        tensors.append(Tensor("shape", shape.shape, shape.dtype, None, shape))
        options = {"new_shape": shape}
        return Node("RESHAPE", (source, len(tensors) - 1), (target,), options, "ReshapeOptions")

    def matrix(t: int) -> int:
        tensor = tensors[t]
        shape = (math.prod(tensor.shape[:-1]), tensor.shape[-1])
        tensors.append(replace(tensor, name=f"{tensor.name}/flat", shape=shape))
        return len(tensors) - 1

    for node in graph.nodes:
        quant = graph.tensors[node.inputs[1]].quant if node.op == "FULLY_CONNECTED" else None
        (x, y) = (node.inputs[0], node.outputs[0]) if quant is not None else (0, 0)
        if quant is None or not quant.per_channel or len(graph.tensors[y].shape) == 2:
            nodes.append(node)
            continue
        narrow, made = matrix(x), matrix(y)
        nodes.append(reshape(x, narrow))
        nodes.append(replace(node, inputs=(narrow, *node.inputs[1:]), outputs=(made,)))
        nodes.append(reshape(made, y))
    return replace(graph, tensors=tuple(tensors), nodes=tuple(nodes))
