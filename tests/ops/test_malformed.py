# SPDX-License-Identifier: Apache-2.0
"""Layers whose inputs are too few, too many, of other types and shapes are refused, or run."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import EdgeinferError, ImageError
from edgeinfer.graph import Graph, Node
from edgeinfer.plan import FASTEST
from tests.ops.cases import CASES

NODES = 3  # of a graph, changed
TYPES = (np.float32, np.int8, np.int64, np.bool_)
SHAPES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (3, 2, 2, 2, 2, 2))


def with_node(graph: Graph, index: int, **changes: Any) -> Graph:
    nodes = list(graph.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return replace(graph, nodes=tuple(nodes))


def of_constants(graph: Graph) -> Graph:
    """The graph with zeros instead of inputs, so that all of it is computed on the PC."""
    tensors = [
        replace(t, data=np.zeros(t.shape, t.dtype)) if i in graph.inputs else t
        for i, t in enumerate(graph.tensors)
    ]
    return replace(graph, tensors=tuple(tensors), inputs=())


def with_other_numbers(graph: Graph, index: int, node: Node) -> Iterator[Graph]:
    """Inputs and outputs that lack, come twice or in another order."""
    given, made = node.inputs, node.outputs
    for inputs in (given[:-1], given[:1], (), (*given, *given[:1]), (-1, *given[1:]), given[::-1]):
        yield with_node(graph, index, inputs=inputs)
    for outputs in (made[:1], (), made * 2):
        yield with_node(graph, index, outputs=outputs)


def with_other_tensors(graph: Graph, index: int) -> Iterator[Graph]:
    """One tensor of another type or shape."""
    tensor = graph.tensors[index]
    for kind in TYPES:
        data = None if tensor.data is None else tensor.data.astype(kind)
        yield graph.with_tensor(index, dtype=np.dtype(kind), quant=None, data=data)
    quant = None if tensor.quant is None or tensor.quant.per_channel else tensor.quant
    for shape in SHAPES:
        data = None if tensor.data is None else np.zeros(shape, tensor.dtype)
        yield graph.with_tensor(index, shape=shape, quant=quant, data=data)


def variants(graph: Graph) -> Iterator[Graph]:
    yield graph
    for index, node in enumerate(graph.nodes[:NODES]):
        yield from with_other_numbers(graph, index, node)
        for t in {t for t in (*node.inputs, *node.outputs) if t >= 0}:
            yield from with_other_tensors(graph, t)


@pytest.mark.parametrize("op", CASES)
def test_nothing_but_a_clear_error(op: str) -> None:
    graph = CASES[op](np.random.default_rng([2, *op.encode()]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for made in (*variants(graph), *variants(of_constants(graph))):
            try:
                compile_graph(tflite.read(tflite.write(made)), goal=FASTEST)
            except EdgeinferError as error:
                assert error.remedy
                assert not isinstance(error, ImageError)
