# SPDX-License-Identifier: Apache-2.0
"""Runs a graph on the operators' numpy references: slow, and the specification."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgeinfer.errors import DataError
from edgeinfer.fold import folded
from edgeinfer.graph import Array, Graph
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Site


def run(
    graph: Graph,
    inputs: Sequence[Array],
    observe: Callable[[int, Array], None] | None = None,
) -> list[Array]:
    """The outputs for these inputs; a batch larger than the graph's runs all samples at once.

    `observe` is called with every activation's tensor index and value, inputs first.
    Raises DataError when the inputs do not match the graph's."""
    if len(inputs) != len(graph.inputs):
        raise DataError(
            f"The model has {len(graph.inputs)} inputs, {len(inputs)} were given.",
            "Give one array for each input.",
        )
    graph = folded(graph, observe)
    values: dict[int, Array] = {
        i: t.data for i, t in enumerate(graph.tensors) if t.data is not None
    }
    for index, value in zip(graph.inputs, inputs, strict=True):
        tensor = graph.tensors[index]
        if value.dtype != tensor.dtype or value.shape[1:] != tensor.shape[1:]:
            raise DataError(
                f"Input '{tensor.name}' takes {tensor.dtype} {tensor.shape}, "
                f"not {value.dtype} {value.shape}.",
                "Reshape or convert the samples.",
            )
        values[index] = value
        if observe is not None:
            observe(index, value)
    last_use = {t: i for i, node in enumerate(graph.nodes) for t in node.inputs}
    for i, node in enumerate(graph.nodes):
        site = Site.of(graph, i)
        results = op_for(site).run(site, [values.get(t) if t >= 0 else None for t in node.inputs])
        for t, result in zip(node.outputs, results, strict=True):
            values[t] = np.ascontiguousarray(result).reshape(result.shape)  # 0-d stays 0-d
            if observe is not None:
                observe(t, values[t])
        for t in node.inputs:
            if last_use.get(t) == i and t not in graph.outputs and t not in graph.inputs:
                values.pop(t, None)
    return [values[t] for t in graph.outputs]
