# SPDX-License-Identifier: Apache-2.0
"""Graph → kernel calls, in execution order: the input of the planner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgeinfer.boards.board import SMALL
from edgeinfer.errors import ModelError
from edgeinfer.fold import folded, known_outputs
from edgeinfer.graph import Array, Graph, Node
from edgeinfer.inline import COPY, JUMP, inlined
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Call, Ref, Site
from edgeinfer.ops.dense import sharing_kernels
from edgeinfer.ops.moves import copy_call
from edgeinfer.shapes import check_shape
from edgeinfer.unsigned import signed


@dataclass(frozen=True)
class Program:
    """A graph's kernel calls and the tensors that are only names for other tensors' bytes."""

    graph: Graph
    calls: tuple[Call, ...]
    alias: Mapping[int, int]  # tensor → the tensor whose memory it names (already resolved)
    resets: int = 0  # the first calls put the state to its start and are no part of an inference

    def storage(self, tensor: int) -> int:
        """The tensor that owns the bytes of this one."""
        return self.alias.get(tensor, tensor)


def lower(graph: Graph, layout: str = "pairs") -> Program:
    """The kernel calls of a graph, for cores that want this layout of filters (boards.LAYOUTS).

    Raises UnsupportedError naming the operator, type and layer that no kernel runs, ModelError for
    a layer whose shapes contradict each other."""
    calls: list[Call] = []
    alias: dict[int, int] = {}
    graph = signed(graph)
    parts = tuple(folded(part) for part in graph.subgraphs)
    flat = inlined(replace(folded(graph), subgraphs=parts))
    graph = flat.graph
    first: list[int] = []  # call of each node
    for index, node in enumerate(graph.nodes):
        first.append(len(calls))
        site = replace(Site.of(graph, index), layout=layout)
        if node.op in (COPY, JUMP):
            _require_elements(site)
            make = _copy if node.op == COPY else _jump
            calls.append(replace(make(graph, node), node=index))
            continue
        op = op_for(site)
        check_shape(site, op)
        _require_elements(site)
        if op.known(site):
            for t, value in zip(node.outputs, known_outputs(site, op), strict=True):
                calls.append(replace(_constant(t, value), node=index))
            continue
        if op.alias(site):
            if site.input(0).nbytes != site.output.nbytes:
                raise site.unsupported(f"type {site.output.dtype} for {site.input(0).dtype}")
            source = node.inputs[0]
            alias[node.outputs[0]] = alias.get(source, source)
            continue
        calls.extend(replace(call, node=index) for call in op.pack(site))
    if layout == SMALL:
        calls = sharing_kernels(calls)
    graph, constants = _constant_outputs(graph)
    first.append(len(calls))
    done = Program(graph, (*calls, *constants), alias, first[flat.resets])
    return replace(done, calls=_linked(done, first))


def _require_elements(site: Site) -> None:
    for tensor in (*site.inputs, *site.outputs):
        if tensor is not None and tensor.data is None and tensor.size == 0:
            raise site.unsupported(f"a tensor without elements ('{tensor.name}')")


def _copy(graph: Graph, node: Node) -> Call:
    """All bytes of a tensor to another, or one byte to each byte of it."""
    (source,), (target,) = node.inputs, node.outputs
    size, one = graph.tensors[target].nbytes, graph.tensors[source].nbytes == 1
    each = [(1, 0, 0), (size, 0, 1)] if one else []
    return copy_call(Ref(source), 0, 1 if one else size, each, Ref(target))


def _jump(graph: Graph, node: Node) -> Call:
    """A jump to a node, until `_linked` knows its call."""
    params = {"target": node.options["target"], "always": int(not node.inputs)}
    return Call("jump", params, tuple(Ref(t) for t in node.inputs), Ref(node.outputs[0]))


def _linked(program: Program, first: Sequence[int]) -> tuple[Call, ...]:
    """The calls with jumps that know their targets.

    A jump back keeps what the loop reads and did not make itself: the next round needs it."""
    calls = list(program.calls)
    for index, call in enumerate(calls):
        if call.kernel != "jump":
            continue
        target = first[call.params["target"]]
        made = {program.storage(t) for t in program.graph.inputs}
        made |= {program.storage(ref.tensor) for c in calls[:target] for ref in c.written}
        kept = {program.storage(ref.tensor) for c in calls[target:index] for ref in c.read}
        refs = tuple(Ref(t) for t in sorted(made & kept)) if target <= index else ()
        calls[index] = replace(
            call, params={**call.params, "target": target}, inputs=(*call.inputs, *refs)
        )
    return tuple(calls)


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
