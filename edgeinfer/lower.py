# SPDX-License-Identifier: Apache-2.0
"""Graph → kernel calls, in execution order: the input of the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Graph
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Call, Op, Site

LARGEST = 65_535  # a dimension in the C library
_AGAIN = "Convert the model again: it is damaged."


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
    for index, node in enumerate(graph.nodes):
        site = Site.of(graph, index)
        op = op_for(site)
        check_shape(site, op)
        if op.alias(site):
            source = node.inputs[0]
            alias[node.outputs[0]] = alias.get(source, source)
            continue
        calls.extend(replace(call, node=index) for call in op.pack(site))
    return Program(graph, tuple(calls), alias)


def check_shape(site: Site, op: Op) -> None:
    """Raises ModelError unless the output's shape follows from the inputs and options.

    Offsets and sizes rest on these shapes, and a damaged file can say anything."""
    try:
        shapes = op.shapes(site)
    except (ValueError, IndexError, TypeError, ZeroDivisionError) as error:
        raise ModelError(f"{site.where} contradicts itself ({error}).", _AGAIN) from error
    said = tuple(t.shape for t in site.outputs)
    if shapes != said:
        raise ModelError(
            f"{site.where} makes {_text(shapes)}, not {_text(said)} as the file says.", _AGAIN
        )
    if max((n for shape in shapes for n in shape), default=0) > LARGEST:
        raise UnsupportedError(
            f"{site.where} makes {_text(shapes)}; {LARGEST:,} is the largest dimension.",
            "Make the layer smaller.",
        )


def _text(shapes: tuple[tuple[int, ...], ...]) -> str:
    return ", ".join(map(str, shapes))
