# SPDX-License-Identifier: Apache-2.0
"""Layers that read only constants are computed now (edgeinfer/fold.py)."""

from __future__ import annotations

from edgeinfer.fold import folded
from edgeinfer.graph import Graph
from edgeinfer.optimize.base import Editor, Outcome

NAME = "fold-constants"


def run(graph: Graph) -> Outcome:
    """Turn outputs of constant layers into constants; so is a SHAPE, as all shapes are static."""
    edited = Editor(graph)
    edited.tensors = list(folded(graph).tensors)
    for index, node in enumerate(graph.nodes):
        if node.outputs and edited.tensors[node.outputs[0]].data is not None:
            edited.drop(index)
    return edited.swept(NAME)
