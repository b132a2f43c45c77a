# SPDX-License-Identifier: Apache-2.0
"""Layers that read only constants are computed now, by the operators' references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
        if not is_pure(graph, node) or set(node.outputs) & set(graph.outputs):
            continue
        values = _values(edited.site(index))
        tensors = [graph.tensors[t] for t in node.outputs]
        if [(v.dtype, v.shape) for v in values] != [(t.dtype, t.shape) for t in tensors]:
            continue
        for t, value in zip(node.outputs, values, strict=True):
            edited.tensors[t] = replace(edited.tensors[t], data=value)
        edited.drop(index)
    return edited.swept(NAME)


def _values(site: Site) -> Sequence[Array]:
    """The outputs; none if they depend on more than constants."""
    if not OPS[site.node.op].known(site):
        return ()
    try:
        values = [t.data if t is not None else None for t in site.inputs]
        return OPS[site.node.op].run(site, values)
    except (EdgeinferError, NotImplementedError):
        return ()  # no reference for these types: lowering says so
