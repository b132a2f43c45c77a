# SPDX-License-Identifier: Apache-2.0
"""Each operator, bit for bit: TFLite's reference kernel = numpy = C = C for the Cortex-M4."""

from __future__ import annotations

import copyreg
import os
import pickle
from types import MappingProxyType

import numpy as np
import pytest

from edgeinfer.boards.board import LAYOUTS
from edgeinfer.compile import compile_graph
from edgeinfer.graph import Graph
from edgeinfer.lower import lower
from edgeinfer.native import BACKENDS, HOSTS, kernel_names
from edgeinfer.ops import OPS
from edgeinfer.reference import Reference
from edgeinfer.session import Session
from tests.ops.cases import CASES, oracle_of, samples

MODELS = int(os.environ.get("EDGEINFER_CASES", "40"))  # of each operator
INPUTS = 4
copyreg.pickle(MappingProxyType, lambda view: (dict, (dict(view),)))


def test_every_operator_has_cases() -> None:
    assert {name.split("/")[0] for name in CASES} == set(OPS)


def test_every_kernel_is_reached_by_cases() -> None:
    reached: set[str] = set()
    for op, make in CASES.items():
        rng = np.random.default_rng([*op.encode()])
        graphs = [make(rng) for _ in range(40)]
        for layout in LAYOUTS:
            reached.update(call.kernel for graph in graphs for call in lower(graph, layout).calls)
    assert reached == set(kernel_names()) - {"move"}  # the planner's own: tests/plan/test_modes.py


def images_of(graph: Graph) -> dict[str, bytes]:
    """For each layout of filters. Those of one lowered program differ in the name of the layout
    alone, which no backend looks at: they are compiled once."""
    made: dict[bytes, bytes] = {}
    found = {}
    for layout in LAYOUTS:
        program = pickle.dumps(lower(graph, layout))
        if program not in made:
            made[program] = compile_graph(graph, passes=(), layout=layout).image
        found[layout] = made[program]
    return found


@pytest.mark.parametrize("op", sorted(CASES))
def test_three_executions_give_the_oracles_bytes(op: str) -> None:
    rng = np.random.default_rng([*op.encode()])
    for number in range(MODELS):
        graph = CASES[op](rng)
        numpy = Reference(graph)
        oracle = oracle_of(op, graph)
        images = images_of(graph)
        runs = [*((backend, "pairs") for backend in BACKENDS), ("portable", "rows")]
        runs += [(backend, "quads") for backend in HOSTS if backend in BACKENDS]
        sessions = {f"{b}, {layout}": Session(images[layout], b) for b, layout in runs}
        for inputs in samples(graph, rng, INPUTS):
            expected = oracle.run(inputs)
            results = {name: session.run(inputs) for name, session in sessions.items()}
            results["numpy"] = numpy.run(inputs)
            for name, outputs in results.items():
                for wanted, got in zip(expected, outputs, strict=True):
                    assert got.tobytes() == wanted.tobytes(), (
                        f"{name}: model {number} of {op} {graph.nodes[0].options} "
                        f"{[t.shape for t in graph.tensors]}: "
                        f"{np.count_nonzero(got != wanted)} of {wanted.size} differ"
                    )
