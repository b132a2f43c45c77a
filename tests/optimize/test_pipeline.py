# SPDX-License-Identifier: Apache-2.0
"""All passes together: whole networks on the C library, the report, and where a difference is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import EdgeinferError
from edgeinfer.graph import Array, Graph
from edgeinfer.optimize import optimize
from edgeinfer.plan import FASTEST
from edgeinfer.reference import run
from edgeinfer.session import Session
from edgeinfer.verify import first_difference, oracle, random_inputs
from tests.models.test_public import MODELS
from tests.ops.cases import samples
from tests.optimize.networks import network


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_images_with_and_without_passes_give_the_references_bytes(seed: int) -> None:
    graph = network(seed)
    plain = compile_graph(graph, passes=("fold-constants",), goal=FASTEST)  # plans in no time
    tested = [Session(made.image) for made in (compile_graph(graph), plain)]
    expected = oracle(graph)
    for inputs in samples(graph, np.random.default_rng(seed), 4):
        wanted = [y.tobytes() for y in expected.run(inputs)]
        for session in tested:
            assert [y.tobytes() for y in session.run(inputs)] == wanted


def test_the_report_adds_up(shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / "vww01_int8.tflite")
    made = optimize(graph)
    saved = sum(r.weight_bytes for r in made.removed)
    assert constant_bytes(graph) - constant_bytes(made.graph) == saved > 180_000
    assert made.summary() == "2,192 dead channels of 19 layers, 185,942 weight bytes"


def constant_bytes(graph: Graph) -> int:
    """Bytes of the constants that layers read."""
    read = {t for node in graph.nodes for t in node.inputs if t >= 0}
    return sum(graph.tensors[t].nbytes for t in read if graph.tensors[t].data is not None)


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_left_for_a_second_run(shared: Path, name: str) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    assert not optimize(optimize(graph).graph).removed


def test_a_passes_name_is_checked() -> None:
    with pytest.raises(EdgeinferError, match="no optimizer pass 'all'"):
        optimize(network(0), ["all"])


@pytest.mark.parametrize("layer", [2, 12, 20, 29])
def test_the_first_differing_layer_is_found_in_what_is_left(shared: Path, layer: int) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / "vww01_int8.tflite")
    # The "reference" computes one layer with another bias.
    bias = graph.nodes[layer].inputs[2]
    data = graph.tensors[bias].data
    assert data is not None
    wrong = replace(graph.tensors[bias], data=data + 2_000)

    def other(part: Graph) -> Callable[[Sequence[Array]], list[Array]]:
        tensors = (*part.tensors[:bias], wrong, *part.tensors[bias + 1 :])
        return lambda inputs: run(replace(part, tensors=tensors), inputs)

    inputs = random_inputs(graph, 1)[0]
    assert first_difference(graph, optimize(graph), inputs, other) == graph.label(layer)
