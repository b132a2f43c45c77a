# SPDX-License-Identifier: Apache-2.0
"""Graph → kernel calls, in execution order: the input of the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgeinfer.errors import ModelError
from edgeinfer.fold import folded
from edgeinfer.graph import Array, Graph
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Call, Ref, Site
from edgeinfer.shapes import check_shape


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

    Raises UnsupportedError naming the operator, type and layer that no kernel runs, ModelError for
    a layer whose shapes contradict each other."""
    calls: list[Call] = []
    alias: dict[int, int] = {}
    graph = folded(graph)
    for index, node in enumerate(graph.nodes):
        site = Site.of(graph, index)
        op = op_for(site)
        check_shape(site, op)
        if op.known(site):
            results = op.run(site, [t.data if t is not None else None for t in site.inputs])
            for t, value in zip(node.outputs, results, strict=True):
                calls.append(replace(_constant(t, value), node=index))
            continue
        if op.alias(site):
            source = node.inputs[0]
            alias[node.outputs[0]] = alias.get(source, source)
            continue
        calls.extend(replace(call, node=index) for call in op.pack(site))
    graph, constants = _constant_outputs(graph)
    return Program(graph, (*calls, *constants), alias)


def _constant(tensor: int, value: Array) -> Call:
    """The call that puts bytes known on the PC into a tensor."""
    return Call("constant", {"bytes": value.nbytes}, (), Ref(tensor), consts={"value": value})


def _constant_outputs(graph: Graph) -> tuple[Graph, list[Call]]:
    """The graph with outputs in the arena only, and the calls that put constants there."""
    tensors, outputs, calls = list(graph.tensors), list(graph.outputs), []
    for i, t in enumerate(outputs):
        value = tensors[t].data
        if value is not None:
            outputs[i] = len(tensors)
            tensors.append(replace(tensors[t], data=None))
            calls.append(replace(_constant(outputs[i], value), node=len(graph.nodes) - 1))
    if calls and not graph.nodes:
        raise ModelError("The model has no layers, only constants.", "Convert the model again.")
    return replace(graph, tensors=tuple(tensors), outputs=tuple(outputs)), calls
