# SPDX-License-Identifier: Apache-2.0
"""Ranges → one quantization for each float tensor, as the operators' rules demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from edgeinfer.graph import Graph, Node, Quant
from edgeinfer.ops import op_for
from edgeinfer.ops.base import QuantRule, Site
from edgeinfer.quantize.params import Range, activation_quant, negligible


@dataclass(frozen=True)
class Assignment:
    """The scales of a graph's activations and of the constants that are used like them."""

    quants: Mapping[int, Quant]  # tensor index → int8 scale and zero point
    warnings: tuple[str, ...]


def assign(graph: Graph, ranges: Mapping[int, Range]) -> Assignment:
    """A scale and zero point for each float activation and each constant used as one.

    `ranges` has every activation's range. Operators of rule `same_scale` tie their tensors into
    one group, whose range is the union of its members'; an output that the specification fixes
    passes its scale on to a group that holds nothing else, and is requantized for any other."""
    fixed, groups = tied(graph)
    constants: set[int] = set()
    for index, node in enumerate(graph.nodes):
        operands = activation_inputs(graph, node, rule_of(graph, index))
        constants.update(t for t in operands if graph.tensors[t].data is not None)
    inherited = _inherited(graph, fixed, groups)

    merged: dict[int, Range] = {}
    for t in (*graph.activations(), *sorted(constants)):
        root = groups.root(t)
        low, high = merged.get(root, (0.0, 0.0))
        data = graph.tensors[t].data
        own = ranges[t] if data is None else (float(data.min()), float(data.max()))
        merged[root] = (min(low, own[0]), max(high, own[1]))
    quants: dict[int, Quant] = {}
    warnings: list[str] = []
    for t in (*graph.activations(), *sorted(constants)):
        root = groups.root(t)
        given = fixed.get(t) or inherited.get(root)
        quants[t] = given or activation_quant(*merged[root])
        if given is None and t not in constants and negligible(*merged[root]):
            warnings.append(
                f"Tensor '{graph.tensors[t].name}' is zero for all samples: "
                "its scale is a guess. Use samples that make it work."
            )
    return Assignment(quants, tuple(warnings))


def tied(graph: Graph) -> tuple[dict[int, Quant], Groups]:
    """The outputs whose scale the specification gives, and which tensors must share one."""
    fixed: dict[int, Quant] = {}
    groups = Groups()
    for index, node in enumerate(graph.nodes):
        rule = rule_of(graph, index)
        if rule.fixed_output is not None:
            fixed[node.outputs[0]] = rule.fixed_output
        if rule.same_scale:
            for t in (*activation_inputs(graph, node, rule), *node.outputs[1:]):
                if t not in fixed:
                    groups.join(t, node.outputs[0])
    return fixed, groups


def rule_of(graph: Graph, index: int) -> QuantRule:
    """The quantization rule of a node's operator."""
    return op_for(Site.of(graph, index)).rule


def activation_inputs(graph: Graph, node: Node, rule: QuantRule) -> Iterator[int]:
    """The float inputs of a node that are quantized like activations (constants among them)."""
    for position, t in enumerate(node.inputs):
        if t < 0 or position in (rule.weights, rule.bias):
            continue
        if graph.tensors[t].dtype == np.float32:
            yield t


def _inherited(graph: Graph, fixed: Mapping[int, Quant], groups: Groups) -> dict[int, Quant]:
    """Groups that only tensors of one fixed scale flow into: root → that scale."""
    feeds: dict[int, list[Quant | None]] = {}
    made = graph.producers()
    for index, node in enumerate(graph.nodes):
        rule = rule_of(graph, index)
        if not rule.same_scale:
            continue
        sources = feeds.setdefault(groups.root(node.outputs[0]), [])
        for t in activation_inputs(graph, node, rule):
            if t in fixed:
                sources.append(fixed[t])
            elif t not in made or not rule_of(graph, made[t]).same_scale:
                sources.append(None)
    return {
        root: first
        for root, (first, *rest) in feeds.items()
        if first is not None and all(first.equals(other) for other in rest)
    }


class Groups:
    """Union-find over tensor indices."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def root(self, t: int) -> int:
        """The tensor that stands for t's group."""
        while (parent := self._parent.get(t, t)) != t:
            t = parent
        return t

    def join(self, a: int, b: int) -> None:
        """Let both be of one group."""
        self._parent[self.root(a)] = self.root(b)
