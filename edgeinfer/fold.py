# SPDX-License-Identifier: Apache-2.0
"""Constant folding: what does not depend on the inputs is computed on the PC.

Not one of the optimizer's passes, because other layers need the values: a RESHAPE whose shape the
model computes, weights that it stores as float16."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from edgeinfer.graph import Array, Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.base import MOST_WORK, Op, Site
from edgeinfer.shapes import check_shape

LARGEST = 1 << 22  # bytes of a folded tensor that is more than twice what it is made of


def folded(graph: Graph, observe: Callable[[int, Array], None] | None = None) -> Graph:
    """The graph without the nodes whose outputs are always the same; these become constants.

    Tensors keep their indices; what makes an output of the graph stays. `observe` is called
    with each new constant's index and value.
    Raises ModelError for a node whose shapes contradict each other."""
    tensors, nodes = list(graph.tensors), []
    stay = {*graph.outputs, *graph.inputs, *(i for i, t in enumerate(tensors) if t.is_variable)}
    for index, node in enumerate(graph.nodes):
        op = OPS.get(node.op)
        site = replace(
            Site.of(graph, index),
            inputs=tuple(tensors[t] if t >= 0 else None for t in node.inputs),
        )
        given = sum(t.nbytes for t in site.inputs if t is not None)
        small = sum(t.nbytes for t in site.outputs) <= max(LARGEST, 2 * given)
        if op is None or not small or stay & {*node.outputs} or not op.known(site):
            nodes.append(node)
            continue
        check_shape(site, op)
        for t, value in zip(node.outputs, known_outputs(site, op), strict=True):
            tensors[t] = replace(tensors[t], data=value)
            if observe is not None:
                observe(t, value)
    if len(nodes) == len(graph.nodes):
        return graph
    return replace(graph, tensors=tuple(tensors), nodes=tuple(nodes))


def results(site: Site, op: Op, values: Sequence[Array | None]) -> list[Array]:
    """`op.run` before `op.pack` has checked what it trusts: how many inputs there are, and their
    types and sizes. Raises UnsupportedError where it stumbles."""
    try:
        return op.run(site, values)
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        raise site.unsupported("a layer of inputs like these") from error


def known_outputs(site: Site, op: Op) -> list[Array]:
    """The outputs of a node for which `op.known` holds, as its tensors have them.

    Raises UnsupportedError if those are of another kind, or would take too long."""
    if op.work(site) > MOST_WORK:
        raise site.unsupported("a layer of constants this large")
    found = []
    for tensor, value in zip(site.outputs, results(site, op, site.constants), strict=True):
        if value.dtype.kind != tensor.dtype.kind or value.size != tensor.size:
            raise site.unsupported(f"type {tensor.dtype} (tensor '{tensor.name}')")
        found.append(value.reshape(tensor.shape).astype(tensor.dtype, copy=False))
    return found
