# SPDX-License-Identifier: Apache-2.0
"""What newer converters write is compared with tflite-runtime's kernels all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DataError
from edgeinfer.graph import Graph
from edgeinfer.session import Session
from edgeinfer.verify import TfliteReference, compare, random_inputs
from tests.ops.cases import CASES
from tests.ops.cases.common import F32, constant, model, plain


def differing(graph: Graph) -> int:
    session, oracle = Session(compile_graph(graph).image), TfliteReference(graph)
    return compare(session.run, oracle.run, random_inputs(graph, 3))[0].mismatched_bytes


def test_a_newer_version_goes_down_to_what_the_oracle_knows() -> None:
    graph = CASES["TRANSPOSE_CONV"](np.random.default_rng(1))
    newer = replace(graph, nodes=tuple(replace(n, version=9) for n in graph.nodes))
    with pytest.raises(ValueError, match="version '9'"):
        TfliteReference(tflite.write(newer))
    assert differing(newer) == 0


def test_dense_layers_of_rows_are_matrices_to_the_oracle() -> None:
    """It gives only a part of the outputs of the file itself."""
    rng = np.random.default_rng(1)
    graph = CASES["FULLY_CONNECTED/rows"](rng)
    while not (quant := graph.tensors[1].quant) or not quant.per_channel:
        graph = CASES["FULLY_CONNECTED/rows"](rng)
    assert differing(graph) == 0


def lookup() -> Graph:
    table = constant("table", np.arange(15, dtype=np.float32).reshape(5, 3))
    index, y = plain("i", (1, 7), np.int32), plain("y", (1, 7, 3), F32)
    return model("GATHER", [table, index], y, {"axis": 0}, "GatherOptions", 1)


def test_random_indices_lie_within_what_they_choose_from() -> None:
    assert differing(lookup()) == 0


def test_an_index_beyond_it_is_said_to_be_wrong() -> None:
    with pytest.raises(DataError, match="gather index out of bounds"):
        TfliteReference(lookup()).run([np.full((1, 7), 5, np.int32)])
