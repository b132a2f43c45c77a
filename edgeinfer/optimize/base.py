# SPDX-License-Identifier: Apache-2.0
"""What a pass is: Graph → Graph with the same bytes for every input, and a word on what went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edgeinfer.graph import Array, Graph, Node, Tensor


@dataclass(frozen=True)
class Removed:
    """What a pass took out of one layer."""

    what: str  # the name of the pass
    layer: str  # the layer's output tensor by name
    op: str
    channels: int = 0  # of the output; 0 when the whole layer is gone or was only simplified
    layers: int = 0  # 1 when the whole layer is gone
    weight_bytes: int = 0  # of constants


@dataclass(frozen=True)
class Outcome:
    """A pass's graph.

    Tensors keep their indices from pass to pass: a pass may drop channels of a tensor or leave it
    without a producer, and may append constants, but never gives an index another value. So every
    activation that is still made can be compared with the original's."""

    graph: Graph
    removed: tuple[Removed, ...] = ()
    kept: Mapping[int, Array] = field(
        default_factory=dict
    )  # tensor → channels left of those before


Pass = Callable[[Graph], Outcome]


class Editor:
    """A graph's tensors and nodes under change."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.tensors = list(graph.tensors)
        self.nodes = list(graph.nodes)

    def constant(self, like: Tensor, data: Array, **changes: Any) -> int:
        """A new constant tensor; the old one may have other readers."""
        self.tensors.append(
            replace(like, data=np.ascontiguousarray(data), shape=data.shape, **changes)
        )
        return len(self.tensors) - 1

    def set_input(self, index: int, position: int, tensor: int) -> None:
        """Let a node read another tensor, at a position that may be beyond its last."""
        node = self.nodes[index]
        inputs = list(node.inputs) + [-1] * (position + 1 - len(node.inputs))
        inputs[position] = tensor
        self.nodes[index] = replace(node, inputs=tuple(inputs))

    def graph(self, nodes: Sequence[Node] | None = None) -> Graph:
        """The graph as edited."""
        made = self.nodes if nodes is None else nodes
        return replace(self._graph, tensors=tuple(self.tensors), nodes=tuple(made))
