# SPDX-License-Identifier: Apache-2.0
"""Models whose layers contradict themselves are refused in a sentence, never with a traceback."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import EdgeinferError, ModelError, UnsupportedError
from edgeinfer.graph import Graph, Node, Quant, Tensor
from edgeinfer.lower import lower
from edgeinfer.session import Session
from tests.ops.cases import CASES
from tests.ops.cases.common import I8, I16, Rng, constant, ints, model, pick, plain

Q = Quant.per_tensor(0.1, 0)
TYPES = ("int8", "int16", "int32", "float32", "bool", "uint8", "int64")
SCALES = (0.0, 1e-30, 1e30, float("nan"))
COUNT = 10  # damaged models of each operator


def other_tensor(rng: Rng, t: Tensor) -> Tensor:
    """Another shape, type, quantization or constant."""
    way = int(rng.integers(0, 4))
    if way == 0 and t.data is None:
        shape = list(t.shape)
        if shape and rng.random() < 0.7:
            shape[int(rng.integers(0, len(shape)))] = pick(rng, (0, 1, 2, 7, 300))
        elif shape and rng.random() < 0.5:
            shape.pop()
        else:
            shape.insert(0, 2)
        return replace(t, shape=tuple(shape))
    if way == 1:
        dtype = np.dtype(pick(rng, TYPES))
        return replace(t, dtype=dtype, data=None if t.data is None else t.data.astype(dtype))
    if way == 2:
        damaged = Quant.per_tensor(pick(rng, SCALES), int(rng.integers(-900, 900)))
        return replace(t, quant=pick(rng, (None, damaged)))
    if t.data is not None and t.data.size:
        data = t.data.copy()
        data.reshape(-1)[int(rng.integers(0, data.size))] = pick(rng, (0, 1, 3, 100))
        return replace(t, data=data)
    return t


def other_node(rng: Rng, node: Node, tensors: int) -> Node:
    """Another option or input, or an input less."""
    numbers = [name for name, v in node.options.items() if isinstance(v, (int, float))]
    if numbers and rng.random() < 0.5:
        value = pick(rng, (-1, 0, 1, 2, 5, 70_000))
        return replace(node, options={**node.options, pick(rng, numbers): value})
    if not node.inputs or rng.random() < 0.5:
        return replace(node, inputs=node.inputs[:-1])
    inputs = list(node.inputs)
    inputs[int(rng.integers(0, len(inputs)))] = int(rng.integers(-1, tensors))
    return replace(node, inputs=tuple(inputs))


def damaged(rng: Rng, graph: Graph) -> Graph:
    tensors, nodes = list(graph.tensors), list(graph.nodes)
    for _ in range(int(rng.integers(1, 3))):
        t, n = int(rng.integers(0, len(tensors))), int(rng.integers(0, len(nodes)))
        if rng.random() < 0.6:
            tensors[t] = other_tensor(rng, tensors[t])
        else:
            nodes[n] = other_node(rng, nodes[n], len(tensors))
    return replace(graph, tensors=tuple(tensors), nodes=tuple(nodes))


@pytest.mark.parametrize("op", sorted(CASES))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_damage_is_no_traceback(op: str) -> None:
    rng = np.random.default_rng([8, *op.encode()])
    for _ in range(COUNT):
        with contextlib.suppress(EdgeinferError):
            compile_graph(tflite.read(tflite.write(damaged(rng, CASES[op](rng)))))


def layer(op: str, inputs: list[Tensor], out: tuple[int, ...], dtype: Any, **options: Any) -> Graph:
    return model(op, inputs, plain("y", out, dtype, Q), options)


@pytest.mark.parametrize(
    ("graph", "error"),
    [
        (  # an index of more numbers than dimensions
            layer("GATHER_ND", [plain("x", (3, 4), I8, Q), ints("i", [[0] * 3] * 2)], (2,), I8),
            ModelError,
        ),
        (
            layer(
                "DEPTH_TO_SPACE", [plain("x", (1, 2, 2, 5), I8, Q)], (1, 4, 4, 1), I8, block_size=2
            ),
            ModelError,
        ),
        (
            layer(
                "SPACE_TO_DEPTH", [plain("x", (1, 5, 4, 1), I8, Q)], (1, 2, 2, 4), I8, block_size=2
            ),
            ModelError,
        ),
        (  # of int8 only there is a kernel that reads the scales
            layer("PRELU", [plain(n, (1, 5), I16, Q) for n in "ab"], (1, 5), I16),
            UnsupportedError,
        ),
        (layer("RELU", [plain("x", (1, 0), I8, Q)], (1, 0), I8), UnsupportedError),
        (layer("ADD_N", [plain("x", (1, 5), I8, Q)], (1, 5), I8), UnsupportedError),
        (  # a sum that is far larger than its output can say
            layer(
                "ADD", [plain(n, (1, 5), I8, Quant.per_tensor(1e30, 0)) for n in "ab"], (1, 5), I8
            ),
            UnsupportedError,
        ),
        (  # another name for fewer bytes than it has
            layer("SQUEEZE", [plain("x", (1, 1), I8, Q)], (), np.dtype(np.float32)),
            UnsupportedError,
        ),
        (
            layer(
                "MAX_POOL_2D",
                [plain("x", (1, 4, 4, 1), I8, Q)],
                (1, 4, 4, 1),
                I8,
                filter_width=1 << 24,
                filter_height=3,
            ),
            UnsupportedError,
        ),
        (  # the mean of nothing
            layer("MEAN", [plain("x", (1, 0, 3), I8, Q), ints("axes", [1])], (1, 3), I8),
            UnsupportedError,
        ),
    ],
)
def test_refused(graph: Graph, error: type[EdgeinferError]) -> None:
    with pytest.raises(error):
        compile_graph(graph)


@pytest.mark.parametrize(
    ("condition", "message"), [((), "calls itself"), ((0,), "one bool"), ((2,), "one bool")]
)
def test_refused_branches(condition: tuple[int, ...], message: str) -> None:
    tensors = (plain("c", condition, np.dtype(np.bool_)), plain("x", (1, 5), I8, Q))
    calls = {"then_subgraph_index": 1, "else_subgraph_index": 1}
    node = Node("IF", (0, 1, 0), (2,), calls, "IfOptions")
    made = plain("y", (1, 5), I8, Q)
    inner = Graph((*tensors[::-1], made), (replace(node, inputs=(1, 0, 1)),), (0, 1), (2,))
    graph = Graph((*tensors, made), (replace(node, inputs=(0, 1, 0)),), (0, 1), (2,))
    with pytest.raises(ModelError, match=message):
        compile_graph(replace(graph, subgraphs=(inner,)))


def test_a_stride_of_many_phases_is_refused_at_once() -> None:
    """It would have filters of its own for each place within a stride."""
    graph = CASES["TRANSPOSE_CONV"](np.random.default_rng(1))
    (node,) = graph.nodes
    options = {**node.options, "stride_h": 70_000}
    with pytest.raises(UnsupportedError, match="stride of 70000 by"):
        lower(replace(graph, nodes=(replace(node, options=options),)))


def test_windows_of_a_million_taps_do_not_keep_the_optimizer_busy() -> None:
    """It would compute them for hours, to bound their values; the kernel skips the padding."""
    x = plain("x", (1, 30, 30, 64), I8, Q)
    window = {"filter_height": 1000, "filter_width": 1000, "stride_h": 1, "stride_w": 1}
    made = compile_graph(model("MAX_POOL_2D", [x], replace(x, name="y"), window, "Pool2DOptions"))
    values = np.random.default_rng(1).integers(-128, 128, x.shape).astype(np.int8)
    (found,) = Session(made.image).run([values])
    assert np.array_equal(found, np.broadcast_to(values.max((1, 2)), x.shape))


def test_a_layer_of_constants_that_would_take_hours_is_refused() -> None:
    x = constant("x", np.zeros((1, 500, 500, 1), np.int8), Q)
    w, y = constant("w", np.zeros((1, 500, 500, 1), np.int8), Q), replace(x, name="y", data=None)
    options = {"stride_h": 1, "stride_w": 1}
    graph = model("CONV_2D", [x, w], y, options, "Conv2DOptions")
    with pytest.raises(UnsupportedError, match="constants this large"):
        lower(graph)
