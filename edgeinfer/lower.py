# SPDX-License-Identifier: Apache-2.0
"""Graph → kernel calls, in execution order: the input of the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgeinfer.graph import Graph
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Call, Site


@dataclass(frozen=True)
class Program:
    """A graph's kernel calls and the tensors that are only names for other tensors' bytes."""

    graph: Graph
    calls: tuple[Call, ...]
    alias: Mapping[int, int]  # tensor → the tensor whose memory it names (already resolved)

    def storage(self, tensor: int) -> int:
        """The tensor that owns the bytes of this one."""
        return self.alias.get(tensor, tensor)


def lower(graph: Graph) -> Program:
    """The kernel calls of a graph.

    Raises UnsupportedError naming the operator, type and layer that no kernel runs."""
    calls: list[Call] = []
    alias: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        site = Site.of(graph, index)
        op = op_for(site)
        if op.alias(site):
            source = node.inputs[0]
            alias[node.outputs[0]] = alias.get(source, source)
            continue
        calls.extend(replace(call, node=index) for call in op.pack(site))
    return Program(graph, tuple(calls), alias)
