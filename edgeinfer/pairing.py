# SPDX-License-Identifier: Apache-2.0
"""Which tensors of a quantized model stand for which of the float model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any

from edgeinfer.graph import Graph

Key = Callable[[Graph, int], Any]


def paired(graph: Graph, quantized: Graph) -> dict[int, int]:
    """Tensors of the float graph → those of the quantized graph, activations only.

    Inputs by position; others by name and shape (of names that a converter joined by semicolons
    the first is enough), else by operator, fused activation, shape and order."""
    ours = [t for t in graph.activations() if graph.tensors[t].dtype.kind == "f"]
    theirs = [
        t
        for t in quantized.activations()
        if quantized.tensors[t].dtype.kind == "i" and quantized.tensors[t].quant is not None
    ]
    inputs = zip(graph.inputs, quantized.inputs, strict=False)
    pairs = {a: b for a, b in inputs if a in ours and b in theirs}
    for key in (_name, _first_name):
        pairs |= _by_key((graph, ours), (quantized, theirs), pairs, key)
    left = [t for t in ours if t not in pairs]
    right = [t for t in theirs if t not in pairs.values()]
    kinds = _kinds(graph, left), _kinds(quantized, right)
    for i, j, n in SequenceMatcher(None, *kinds, autojunk=False).get_matching_blocks():
        pairs |= zip(left[i : i + n], right[j : j + n], strict=True)
    return pairs


def _name(graph: Graph, t: int) -> Any:
    return graph.tensors[t].name, graph.tensors[t].shape


def _first_name(graph: Graph, t: int) -> Any:
    return graph.tensors[t].name.split(";")[0], graph.tensors[t].shape


def _by_key(
    one: tuple[Graph, Sequence[int]],
    other: tuple[Graph, Sequence[int]],
    known: dict[int, int],
    key: Key,
) -> dict[int, int]:
    """New pairs whose key no other tensor of either graph has."""
    places = []
    for (graph, tensors), done in ((one, {*known}), (other, {*known.values()})):
        keys = {t: key(graph, t) for t in tensors if t not in done}
        often = Counter(keys.values())
        places.append({k: t for t, k in keys.items() if k[0] and often[k] == 1})
    return {t: places[1][k] for k, t in places[0].items() if k in places[1]}


def _kinds(graph: Graph, tensors: Sequence[int]) -> list[Any]:
    makers, found = graph.producers(), []
    for t in tensors:
        node = graph.nodes[makers[t]] if t in makers else None
        fused = node.options.get("fused_activation_function", 0) if node else 0
        found.append((node and node.op, fused, graph.tensors[t].shape))
    return found
