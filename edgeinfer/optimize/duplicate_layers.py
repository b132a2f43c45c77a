# SPDX-License-Identifier: Apache-2.0
"""Layers that compute what another layer has computed already (common subexpressions)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from edgeinfer.graph import Graph, Tensor
from edgeinfer.optimize.base import Editor, Outcome, is_pure

NAME = "duplicate-layers"


def run(graph: Graph) -> Outcome:
    """Let readers of a layer that exists twice read the first one."""
    edited = Editor(graph)
    seen: dict[Hashable, int] = {}
    for index, node in enumerate(graph.nodes):
        if len(node.outputs) != 1 or not is_pure(graph, node):
            continue
        (output,) = node.outputs
        inputs = tuple(
            _constant(graph.tensors[t]) if t >= 0 and graph.tensors[t].data is not None else t
            for t in edited.nodes[index].inputs
        )
        tensor = graph.tensors[output]
        key = (node.op, inputs, _frozen(node.options), node.custom, _kind(tensor))
        first = seen.setdefault(key, output)
        if first != output:
            edited.rewire(output, first)
    return edited.swept(NAME)


def _kind(tensor: Tensor) -> Hashable:
    quant = tensor.quant
    scales = (
        None
        if quant is None
        else (quant.scale.tobytes(), quant.zero_point.tobytes(), quant.per_channel and quant.axis)
    )
    return (tensor.shape, tensor.dtype.str, scales)


def _constant(tensor: Tensor) -> Hashable:
    assert tensor.data is not None
    return (*tensor.shape, _kind(tensor), tensor.data.tobytes())


def _frozen(value: Any) -> Hashable:
    if isinstance(value, Mapping):
        return tuple(sorted((name, _frozen(each)) for name, each in value.items()))
    if isinstance(value, (np.ndarray, np.generic)):
        return repr(value.tolist())
    return repr(value)
