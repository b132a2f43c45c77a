# SPDX-License-Identifier: Apache-2.0
"""Layers that stay float32 in an integer network, between DEQUANTIZE and QUANTIZE.

An activation stays float32, too, where only such layers make and read it: nothing rounds it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from edgeinfer.errors import EdgeinferError, QuantizeError
from edgeinfer.graph import Graph
from edgeinfer.inspection import short_name
from edgeinfer.lower import lower
from edgeinfer.quantize.prepare import one_node

INNER = "_real"  # ends the name of the float32 form of an integer tensor


@dataclass(frozen=True)
class Reals:
    """What stays float32."""

    layers: frozenset[int] = frozenset()  # by their first outputs
    tensors: frozenset[int] = frozenset()  # activations that no integer layer makes or reads

    def index(self, graph: Graph) -> frozenset[int]:
        """The positions of these layers among the nodes."""
        return frozenset(i for i, n in enumerate(graph.nodes) if n.outputs[0] in self.layers)


NONE = Reals()


def reals(graph: Graph, layers: Collection[int], io: str) -> Reals:
    """These layers (first outputs), and the activations that stay float32 with them.

    Inputs and outputs of the model do so only if `io` is "float32"."""
    made, read = graph.producers(), graph.consumers()
    own = Reals(frozenset(layers)).index(graph)
    ends = frozenset() if io == "float32" else {*graph.inputs, *graph.outputs}
    tensors = frozenset(
        t
        for t in graph.activations()
        if graph.tensors[t].dtype == np.float32
        and t not in ends
        and {*read.get(t, ()), *([made[t]] if t in made else [])} <= own
    )
    return Reals(frozenset(layers), tensors)


def named(graph: Graph, names: Sequence[str]) -> frozenset[int]:
    """The layers whose outputs have these names, whole or as tables show them.

    Raises QuantizeError for a name that no layer or more than one has, and for a layer that does
    not run in float32 here."""
    outputs = [node.outputs[0] for node in graph.nodes]
    found = []
    for name in names:
        fitting = [t for t in outputs if graph.tensors[t].name == name] or [
            t for t in outputs if short_name(graph.tensors[t].name) == name
        ]
        if len(fitting) != 1:
            raise QuantizeError(
                f"There {'is no layer' if not fitting else 'are several layers'} '{name}' to stay "
                "float32.",
                "Use the name of a layer's output, as 'edgeinfer inspect' shows it.",
            )
        if fitting[0] not in able(graph):
            raise QuantizeError(
                f"Layer '{name}' cannot stay float32: no kernel runs it so.", "Leave it out."
            )
        found += fitting
    return frozenset(found)


def followed(before: Graph, layers: Collection[int], after: Graph) -> frozenset[int]:
    """Layers of a graph in the one that other layers were folded or fused into since."""
    names = {after.tensors[n.outputs[0]].name: n.outputs[0] for n in after.nodes}
    readers, found = before.consumers(), set()
    for t in layers:
        while before.tensors[t].name not in names and readers.get(t):
            t = before.nodes[readers[t][0]].outputs[0]
        if before.tensors[t].name in names:
            found.add(names[before.tensors[t].name])
    return frozenset(found)


def able(graph: Graph) -> frozenset[int]:
    """The layers, by their first outputs, that kernels run in float32."""
    return frozenset(n.outputs[0] for i, n in enumerate(graph.nodes) if runs(graph, i))


def runs(graph: Graph, index: int) -> bool:
    """Whether the kernels run one node of this graph, as it is."""
    try:
        lower(one_node(graph, graph.nodes[index], {*graph.activations()}))
    except EdgeinferError:
        return False
    return True


def only_real(graph: Graph, convert: Callable[[Graph], Graph]) -> list[int]:
    """The layers that run in float32 only; `convert` makes an integer graph of a part."""
    activations, found = {*graph.activations()}, []
    for index, node in enumerate(graph.nodes):
        try:
            lower(convert(one_node(graph, node, activations)))
        except EdgeinferError:
            if runs(graph, index):
                found.append(index)
    return found


def float_layers(graph: Graph) -> list[str]:
    """The names of an integer graph's layers that compute in float32."""
    return [
        short_name(graph.tensors[node.outputs[0]].name.removesuffix(INNER))
        for node in graph.nodes
        if graph.tensors[node.outputs[0]].dtype == np.float32 and node.op != "DEQUANTIZE"
    ]
