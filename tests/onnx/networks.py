# SPDX-License-Identifier: Apache-2.0
"""ONNX models made by hand, and onnx's own reference beside what is read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper, save
from onnx.reference import ReferenceEvaluator

from edgeinfer import reference
from edgeinfer.graph import Array, Graph
from edgeinfer.onnx.reader import Reader


class Net:
    """A model under construction; every method gives the name of a value."""

    def __init__(self, *shape: int | str, opset: int = 17, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        self.opset = opset

    def const(self, data: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(data, dtype), name))
        return name

    def ints(self, *numbers: int) -> str:
        return self.const(numbers, np.int64)

    def weights(self, *shape: int) -> str:
        return self.const(self.random.normal(size=shape) / np.sqrt(np.prod(shape[1:]) or 1))

    def op(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        names = [f"{op.lower()}{len(self.nodes)}" + "_" * i for i in range(outputs)]
        self.nodes.append(
            helper.make_node(op, inputs, names, f"node{len(self.nodes)}", **attributes)
        )
        return names[0] if outputs == 1 else names

    def conv(self, x: str, outputs: int, inputs: int, kernel: int = 3, **attributes: Any) -> str:
        w = self.weights(outputs, inputs, kernel, kernel)
        return str(self.op("Conv", x, w, self.weights(outputs), **attributes))

    def norm(self, x: str, channels: int) -> str:
        spread = [self.const(self.random.uniform(0.5, 2, channels)) for _ in range(2)]
        scale, variance = spread
        moved = [self.weights(channels) for _ in range(2)]
        return str(self.op("BatchNormalization", x, scale, *moved, variance))

    def model(self, *outputs: str) -> ModelProto:
        made = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs]
        graph = helper.make_graph(self.nodes, "net", self.inputs, made, self.constants)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8
        )

    def save(self, path: Path, *outputs: str) -> Path:
        save(self.model(*outputs), path)
        return path


def channels_last(x: Array) -> Array:
    """[n, c, …] → [n, …, c]."""
    return np.moveaxis(x, 1, -1)


def check(net: Net, *outputs: str, count: int = 1, last: bool = True, close: float = 1e-5) -> Graph:
    """The Graph gives what onnx's reference gives, for `count` samples at once; `last` tells
    whether inputs of three or more dimensions are read channels last."""
    model = net.model(*outputs)
    graph = Reader(model).read()
    shape = [d.dim_value or 1 for d in model.graph.input[0].type.tensor_type.shape.dim]
    samples = [net.random.normal(size=shape).astype(np.float32) for _ in range(count)]
    evaluator = ReferenceEvaluator(model)
    wanted = [evaluator.run(None, {"x": sample}) for sample in samples]
    inputs = [channels_last(s) if last and s.ndim > 2 else s for s in samples]
    results = reference.run(graph, [np.ascontiguousarray(np.concatenate(inputs))])
    for position, got in enumerate(results):
        want = np.concatenate([w[position] for w in wanted])
        if want.shape != got.shape and want.ndim in (3, 4):
            want = channels_last(want)
        assert want.shape == got.shape, (want.shape, got.shape)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=close)
    return graph


def ops(graph: Graph) -> list[str]:
    """The operators of a graph."""
    return [node.op for node in graph.nodes]
