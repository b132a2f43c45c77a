# SPDX-License-Identifier: Apache-2.0
"""Layers that read only constants are computed now, by the operators' references."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.graph import Array, Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.optimize.base import Editor, Outcome, is_pure

NAME = "fold-constants"


def run(graph: Graph) -> Outcome:
    """Turn outputs of constant layers into constants; so is a SHAPE, as all shapes are static."""
    edited = Editor(graph)
    for index, node in enumerate(graph.nodes):
        if len(node.outputs) != 1 or node.outputs[0] in graph.outputs or not is_pure(graph, node):
            continue
        output = graph.tensors[node.outputs[0]]
        value = _value(edited.site(index))
        if value is not None and value.dtype == output.dtype and value.shape == output.shape:
            edited.tensors[node.outputs[0]] = replace(output, data=value)
            edited.drop(index)
    return edited.swept(NAME)


def _value(site: Site) -> Array | None:
    if site.node.op == "SHAPE" and site.input(0).data is None:
        return np.array(site.input(0).shape, site.output.dtype)
    if not site.inputs or any(t is not None and t.data is None for t in site.inputs):
        return None
    try:
        values = [t.data if t is not None else None for t in site.inputs]
        return np.asarray(OPS[site.node.op].run(site, values))
    except (EdgeinferError, NotImplementedError):
        return None  # no reference for these types: lowering says so
