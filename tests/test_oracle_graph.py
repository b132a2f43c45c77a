# SPDX-License-Identifier: Apache-2.0
"""What newer converters write is compared with tflite-runtime's kernels all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeinfer import oracle_graph, tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DataError
from edgeinfer.graph import Graph, Node, Quant, Tensor
from edgeinfer.session import Session
from edgeinfer.verify import TfliteReference, compare, random_inputs
from tests.ops.cases import CASES
from tests.ops.cases.common import F32, I8, constant, filters, ints, model, plain


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


def test_layers_without_a_reference_kernel_do_not_take_it_from_the_others() -> None:
    """TFLite's default CONV_2D rounds once, its reference twice."""
    rng = np.random.default_rng(3)
    q = Quant.per_tensor(0.02, 3)
    tensors = [Tensor("x", (1, 8, 8, 4), I8, q), *filters(rng, (16, 3, 3, 4), q, 0)]
    tensors += [Tensor(name, (1, 6, 6, 16), I8, Quant.per_tensor(0.003, 5)) for name in "yz"]
    tensors += [ints("axes", [1, 2]), Tensor("sum", (1, 16), I8, Quant.per_tensor(0.02, -4))]
    conv = {"padding": 1, "stride_h": 1, "stride_w": 1}
    nodes = (
        Node("CONV_2D", (0, 1, 2), (3,), conv, "Conv2DOptions", version=3),
        Node("ELU", (3,), (4,)),
        Node("SUM", (4, 5), (6,), {"keep_dims": False}, "ReducerOptions"),
    )
    graph = Graph(tuple(tensors), nodes, (0,), (3, 6))
    parts = [part for _, part in oracle_graph.stretches(graph, ["a", "b", "b"])]
    assert [[n.op for n in part.nodes] for part in parts] == [["CONV_2D"], ["ELU", "SUM"]]
    assert [(part.inputs, part.outputs) for part in parts] == [((0,), (3,)), ((3,), (6,))]
    assert differing(graph) == 0
    session, default = Session(compile_graph(graph).image), TfliteReference(graph, delegates=True)
    assert compare(session.run, default.run, random_inputs(graph, 30))[0].mismatched_bytes
