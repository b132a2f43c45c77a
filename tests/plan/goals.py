# SPDX-License-Identifier: Apache-2.0
"""A network planned for every goal."""

from __future__ import annotations

import numpy as np

from edgeinfer.compile import compile_graph
from edgeinfer.graph import Graph
from edgeinfer.plan import FASTEST, SMALLEST, Goal, Plan
from edgeinfer.reference import Reference
from edgeinfer.session import Session
from tests.ops.cases import samples


def gives_the_references_bytes(graph: Graph, rng: np.random.Generator, count: int) -> list[Plan]:
    """The plans for all goals, the fastest first; each image gives the reference's bytes for so
    many samples in a row."""
    fast, least = (compile_graph(graph, goal=goal) for goal in (FASTEST, SMALLEST))
    between = (fast.plan.arena_bytes + least.plan.arena_bytes) // 2
    made = [fast, least, compile_graph(graph, goal=Goal(limit=between))]
    sessions = [Session(each.image, backend) for each in made for backend in ("host", "dsp")]
    reference = Reference(graph)
    for sample in samples(graph, rng, count):
        wanted = [y.tobytes() for y in reference.run(sample)]
        for session in sessions:
            assert [y.tobytes() for y in session.run(sample)] == wanted
    return [each.plan for each in made]
