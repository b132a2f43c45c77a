# SPDX-License-Identifier: Apache-2.0
"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM: their state goes on from one input to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from edgeinfer.graph import Graph, Node, Quant, Tensor
from tests.ops.cases.common import I16, Rng, activation, case, constant, quant, symmetric, weights
from tests.ops.cases.real import in_reals


def small(rng: Rng) -> Quant:
    """A scale of weights."""
    return Quant.per_tensor(10.0 ** rng.uniform(-3, -1), 0)


@case("SVDF")
def svdf(rng: Rng) -> Graph:
    batch, in_c = int(rng.choice([1, 1, 2])), int(rng.integers(1, 20))
    rank, units, memory = (int(n) for n in rng.integers((1, 1, 1), (4, 8, 12)))
    filters = rank * units
    x, feature, time = quant(rng), small(rng), small(rng)
    state = Quant.per_tensor(
        float(np.float32(x.scale[0] * feature.scale[0] * 10 ** rng.uniform(-2, 0.5))), 0
    )
    real = float(state.scale[0] * time.scale[0]) * 2.0 ** rng.uniform(8, 24)
    y = Quant.per_tensor(float(np.float32(real)), int(rng.integers(-128, 128)))
    limit = int(rng.choice([100, 1_000_000]))
    bias = rng.integers(-limit, limit, units).astype(np.int32)
    tensors = [
        activation("x", (batch, in_c), x),
        constant("feature", weights(rng, (filters, in_c)), feature),
        constant("time", rng.integers(-32767, 32768, (filters, memory)).astype(np.int16), time),
        constant("bias", bias, Quant.per_tensor(1.0, 0)),
        Tensor("state", (batch, filters * memory), I16, state, None, True),
        activation("y", (batch, units), y),
    ]
    inputs = (0, 1, 2, 3 if rng.random() < 0.8 else -1, 4)
    options = {"rank": rank, "fused_activation_function": 1}
    node = Node("SVDF", inputs, (5,), options, "SVDFOptions", version=3)
    return Graph(tuple(tensors), (node,), (0,), (5,), "svdf")


@case("UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstm(rng: Rng) -> Graph:
    return _lstm(rng, np.dtype(np.int8))


@case("UNIDIRECTIONAL_SEQUENCE_LSTM/int16", oracle=False)
def lstm_16(rng: Rng) -> Graph:
    return _lstm(rng, I16)


def _lstm(rng: Rng, dtype: np.dtype[Any]) -> Graph:
    wide = dtype == I16
    batch, steps, in_c, cells = (int(n) for n in rng.integers(1, (3, 6, 12, 9)))
    major = bool(rng.integers(0, 2))
    x = symmetric(rng) if wide else quant(rng)
    h = Quant.per_tensor(1 / 128, int(rng.integers(-20, 20)))
    h = Quant.per_tensor(float(np.float32(rng.uniform(0.5, 1) / 32768)), 0) if wide else h
    cell = Quant.per_tensor(2.0 ** -int(rng.choice([15, 13, 12, 11, 11, 10, 9])), 0)
    shape = (steps, batch, in_c) if major else (batch, steps, in_c)
    tensors = [Tensor("x", shape, dtype, x)]
    inputs = [0, *[-1] * 23]

    def add(position: int, tensor: Tensor) -> None:
        inputs[position] = len(tensors)
        tensors.append(tensor)

    spread = 0.02 / 256 if wide else 0.02
    for g in range(4):
        w = Quant.per_tensor(float(np.float32(spread / x.scale[0] / in_c * rng.uniform(0.2, 3))), 0)
        add(1 + g, constant(f"w{g}", weights(rng, (cells, in_c)), w))
        r = Quant.per_tensor(float(np.float32(rng.uniform(0.002, 0.05) / (256 if wide else 1))), 0)
        add(5 + g, constant(f"r{g}", weights(rng, (cells, cells)), r))
        bias = rng.integers(-3000, 3000, cells).astype(np.int64 if wide else np.int32)
        add(12 + g, constant(f"b{g}", bias, Quant.per_tensor(1.0, 0)))
    add(18, Tensor("h", (batch, cells), dtype, h, None, True))
    add(19, Tensor("c", (batch, cells), I16, cell, None, True))
    out = len(tensors)
    tensors.append(Tensor("y", (*shape[:2], cells), dtype, h))
    first = len(tensors)
    tensors += [Tensor(f"i{k}", (), I16, Quant.per_tensor(2.0**-12, 0)) for k in range(4)]
    tensors.append(Tensor("i4", (), dtype, h))
    options = {
        "fused_activation_function": 4,
        "cell_clip": float(rng.choice([0.0, 0.0, 0.5, 10.0])),
        "proj_clip": 0.0,
        "time_major": major,
        "intermediates": tuple(range(first, first + 5)),
    }
    kind = "UnidirectionalSequenceLSTMOptions"
    node = Node("UNIDIRECTIONAL_SEQUENCE_LSTM", tuple(inputs), (out,), options, kind, version=3)
    return Graph(tuple(tensors), (node,), (0,), (out,), "lstm")


@case("UNIDIRECTIONAL_SEQUENCE_LSTM/float", oracle=False)
def lstm_float(rng: Rng) -> Graph:
    """Its functions have other last bits than the oracle's: tests/ops/test_float_functions.py."""
    graph = _lstm(rng, np.dtype(np.int8))
    (node,) = graph.nodes
    tensors = list(map(in_reals, graph.tensors))
    for t in (*node.inputs[1:9], *node.inputs[12:16]):
        shape = graph.tensors[t].shape
        tensors[t] = constant("w", (rng.normal(size=shape) / shape[-1] ** 0.5).astype(np.float32))
    options = {name: v for name, v in node.options.items() if name != "intermediates"}
    node = replace(node, options=options, version=1)
    return replace(graph, tensors=tuple(tensors), nodes=(node,))
