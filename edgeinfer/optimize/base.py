# SPDX-License-Identifier: Apache-2.0
"""What a pass is: Graph → Graph with the same bytes for every input, and a word on what went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edgeinfer.graph import Array, Graph, Node, Tensor
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import Join


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
    # Tensor → the channels left of those that it had before.
    kept: Mapping[int, Array] = field(default_factory=dict)


Pass = Callable[[Graph], Outcome]


def is_pure(graph: Graph, node: Node) -> bool:
    """Whether a node does nothing but make its outputs from its inputs."""
    state = any(graph.tensors[t].is_variable for t in (*node.inputs, *node.outputs) if t >= 0)
    return node.op in OPS and OPS[node.op].pure and bool(node.outputs) and not state


class Editor:
    """A graph's tensors and nodes under change."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.tensors = list(graph.tensors)
        self.nodes = list(graph.nodes)
        self.readers = graph.consumers()  # as they were before
        self.producers = graph.producers()
        self.changed = False
        self._gone: set[int] = set()

    def site(self, index: int) -> Site:
        """A node with its tensors, as edited."""
        node = self.nodes[index]
        return Site(
            node,
            tuple(self.tensors[t] if t >= 0 else None for t in node.inputs),
            tuple(self.tensors[t] for t in node.outputs),
            self._graph.label(index),
        )

    def is_inner(self, tensor: int) -> bool:
        """Whether nobody outside of the graph reads a tensor."""
        return tensor not in self._graph.outputs

    def only_reader(self, tensor: int) -> bool:
        """Whether one node reads an activation, and nobody outside of the graph does."""
        return len(self.readers.get(tensor, ())) == 1 and self.is_inner(tensor)

    def replace(self, index: int, **changes: Any) -> None:
        """Change a node."""
        self.nodes[index] = replace(self.nodes[index], **changes)
        self.changed = True

    def rewire(self, old: int, new: int) -> bool:
        """Let every reader of a tensor read another; False, and no change, if one must not.

        Outputs of the model have to be made, and kernels that join tensors take each only once."""
        found = [i for i, node in enumerate(self.nodes) if old in node.inputs]
        twice = any(
            new in self.nodes[i].inputs and isinstance(OPS.get(self.nodes[i].op), Join)
            for i in found
        )
        if twice or not self.is_inner(old):
            return False
        for i in found:
            inputs = tuple(new if t == old else t for t in self.nodes[i].inputs)
            self.replace(i, inputs=inputs)
        return True

    def constant(self, like: Tensor, data: Array, **changes: Any) -> int:
        """A new constant tensor; the old one may have other readers."""
        self.tensors.append(
            replace(like, data=np.ascontiguousarray(data), shape=data.shape, **changes)
        )
        return len(self.tensors) - 1

    def vector(self, name: str, data: Array) -> int:
        """A new constant without a scale."""
        return self.constant(Tensor(name, data.shape, data.dtype), data)

    def set_input(self, index: int, position: int, tensor: int) -> None:
        """Let a node read another tensor, at a position that may be beyond its last."""
        node = self.nodes[index]
        inputs = list(node.inputs) + [-1] * (position + 1 - len(node.inputs))
        inputs[position] = tensor
        self.replace(index, inputs=tuple(inputs))

    def drop(self, index: int) -> None:
        """Take a node out whose output another node makes now, or that is a constant now."""
        self._gone.add(index)
        self.changed = True

    def graph(self) -> Graph:
        """The graph as edited."""
        nodes = tuple(node for i, node in enumerate(self.nodes) if i not in self._gone)
        return replace(self._graph, tensors=tuple(self.tensors), nodes=nodes)

    def swept(self, what: str) -> Outcome:
        """The graph as edited, also without the layers that nobody reads now."""
        held = {t for node in self.nodes for t in node.inputs}
        edited = self.graph()
        wanted = set(self._graph.outputs)
        for i, node in reversed(list(enumerate(self.nodes))):
            if i in self._gone:
                continue
            if wanted.isdisjoint(node.outputs) and is_pure(edited, node):
                self.drop(i)
            else:
                wanted.update(node.inputs)
        if not self.changed:
            return Outcome(self._graph)

        def constant(t: int) -> bool:
            return t >= 0 and self.tensors[t].data is not None

        freed = {t for t in held - wanted if constant(t)}
        removed = []
        for i in sorted(self._gone):
            node = self.nodes[i]
            saved = freed.intersection(node.inputs)
            freed -= saved
            made = {t for t in wanted.intersection(node.outputs) if constant(t)}
            size = sum(self.tensors[t].nbytes for t in saved)
            size -= sum(self.tensors[t].nbytes for t in made)
            name = self.tensors[node.outputs[0]].name
            removed.append(Removed(what, name, node.op, layers=1, weight_bytes=size))
        return Outcome(self.graph(), tuple(removed))
