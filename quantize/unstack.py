# SPDX-License-Identifier: Apache-2.0
"""Steps of time cut out of samples, and stacked again, where they lie.

Unrolled recurrent layers of Keras let time lead, by a TRANSPOSE. Without it UNPACK and PACK go by
another dimension: samples lead everywhere, which the search needs, and there is less to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgeinfer.graph import Graph, Node


def without_turns(graph: Graph) -> Graph:
    """The graph without such transpositions; it computes the same."""
    makers, readers = graph.producers(), graph.consumers()
    nodes, gone = list(graph.nodes), set[int]()

    def order(index: int) -> list[int]:
        """How a TRANSPOSE sorts dimensions; empty if that is not known."""
        data = graph.tensors[graph.nodes[index].inputs[1]].data
        return [] if data is None else [int(d) for d in data]

    for index, node in enumerate(graph.nodes):
        before = makers.get(node.inputs[0], -1) if node.op == "UNPACK" else -1
        if before >= 0 and graph.nodes[before].op == "TRANSPOSE":
            axis = _axis(graph, node, node.inputs[0])
            turned = order(before)
            if turned and _rest_in_order(turned, axis):
                source = graph.nodes[before].inputs[0]
                nodes[index] = _along(replace(node, inputs=(source,)), turned[axis])
                if readers[node.inputs[0]] == [index] and node.inputs[0] not in graph.outputs:
                    gone.add(before)
        after = readers.get(node.outputs[0], []) if node.op == "PACK" else []
        if len(after) == 1 and graph.nodes[after[0]].op == "TRANSPOSE":
            axis = _axis(graph, node, node.outputs[0])
            turned = order(after[0])
            if (
                turned
                and graph.nodes[after[0]].inputs[0] == node.outputs[0]
                and node.outputs[0] not in graph.outputs
                and _rest_in_order(turned, turned.index(axis))
            ):
                made = replace(node, outputs=graph.nodes[after[0]].outputs)
                nodes[index] = _along(made, turned.index(axis))
                gone.add(after[0])
    return replace(graph, nodes=tuple(n for i, n in enumerate(nodes) if i not in gone))


def _axis(graph: Graph, node: Node, whole: int) -> int:
    """The dimension that a node cuts or stacks, of its tensor that has it."""
    return int(node.options.get("axis", 0)) % len(graph.tensors[whole].shape)


def _rest_in_order(turned: Sequence[int], place: int) -> bool:
    rest = [d for i, d in enumerate(turned) if i != place]
    return rest == sorted(rest)


def _along(node: Node, axis: int) -> Node:
    return replace(node, options={**node.options, "axis": axis})
