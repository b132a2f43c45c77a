# SPDX-License-Identifier: Apache-2.0
"""Layers whose outputs nobody reads, as training heads leave them behind."""

from __future__ import annotations

from edgeinfer.graph import Graph
from edgeinfer.optimize.base import Editor, Outcome

NAME = "dead-layers"


def run(graph: Graph) -> Outcome:
    """Remove layers that lead to no output of the model; layers with state stay."""
    return Editor(graph).swept(NAME)
