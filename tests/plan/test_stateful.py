# SPDX-License-Identifier: Apache-2.0
"""Random networks that remember: every goal keeps the state, with the reference's bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer.compile import compile_graph
from edgeinfer.graph import Graph, Node, Quant, Tensor
from edgeinfer.plan import FASTEST, SMALLEST
from tests.ops.cases.control import RESOURCE
from tests.optimize.networks import network
from tests.plan.goals import gives_the_references_bytes


def remembering(graph: Graph, rng: np.random.Generator, count: int) -> Graph:
    """A network that also gives the sums of some activations and those of the last inference."""
    tensors, nodes, outputs = list(graph.tensors), list(graph.nodes), list(graph.outputs)
    written = {t for node in graph.nodes for t in node.outputs}
    choices = [t for t in sorted(written) if graph.tensors[t].dtype == np.int8]

    def add(name: str, like: Tensor, quant: Quant | None = None) -> int:
        tensors.append(replace(like, name=f"{name}{len(tensors)}", quant=quant or like.quant))
        return len(tensors) - 1

    for number, source in enumerate(rng.choice(choices, min(count, len(choices)), replace=False)):
        now = graph.tensors[int(source)]
        handle = add("handle", Tensor("", (), RESOURCE))
        before, total = add("before", now), add("total", now, Quant.per_tensor(0.1, 5))
        options = {"container": "", "shared_name": f"s{number}"}
        nodes += [
            Node("VAR_HANDLE", (), (handle,), options, "VarHandleOptions"),
            Node("READ_VARIABLE", (handle,), (before,), {}, "ReadVariableOptions"),
            Node(
                "ADD",
                (before, int(source)),
                (total,),
                {"fused_activation_function": 0},
                "AddOptions",
                version=2,
            ),
            Node("ASSIGN_VARIABLE", (handle, int(source)), (), {}, "AssignVariableOptions"),
        ]
        outputs.append(total)
    return replace(graph, tensors=tuple(tensors), nodes=tuple(nodes), outputs=tuple(outputs))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_every_goal_keeps_the_state(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    graph = remembering(network(seed), rng, count)
    fast, *others = gives_the_references_bytes(graph, rng, 3)
    assert all(each.arena_bytes <= fast.arena_bytes for each in others)


def test_what_remembers_is_made_in_bands_too() -> None:
    smaller = 0
    for seed in range(8):
        graph = remembering(network(seed), np.random.default_rng(seed), 2)
        fast, least = (compile_graph(graph, goal=goal).plan for goal in (FASTEST, SMALLEST))
        assert least.program.resets > 0
        smaller += least.arena_bytes < fast.arena_bytes
    assert smaller
