# SPDX-License-Identifier: Apache-2.0
"""Small float networks made by hand, and the oracle that runs what comes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer import evaluate, reference, tflite
from edgeinfer.graph import Array, Graph, Node, Tensor
from edgeinfer.lower import lower
from edgeinfer.quantize import Quantized, quantize
from edgeinfer.tflite.options import options_type
from edgeinfer.verify import TfliteReference
from tests.building import CONV, Builder

POOL = {"padding": 1, "stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2}


class Net(Builder):
    """A float graph under construction; every method gives the index of a tensor."""

    def input(self, *shape: int, name: str = "") -> int:
        self.inputs.append(self._tensor(shape, name or f"input{len(self.inputs)}"))
        return self.inputs[-1]

    def const(self, data: Any, dtype: type = np.float32) -> int:
        array: Array = np.asarray(data, dtype)
        name = f"const{len(self.tensors)}"
        return self.add(Tensor(name, array.shape, array.dtype, data=array))

    def weights(self, *shape: int) -> int:
        return self.const(self.random.normal(size=shape))

    def op(self, op: str, *inputs: int, shape: tuple[int, ...], **options: Any) -> int:
        out = self._tensor(shape, f"{op.lower()}{len(self.nodes)}")
        self.nodes.append(Node(op, inputs, (out,), options, options_type(op)))
        return out

    def conv(self, x: int, channels: int, *, bias: int | None = None, **options: Any) -> int:
        n, h, w, c = self.tensors[x].shape
        inputs = (
            x,
            self.weights(channels, 3, 3, c),
            self.weights(channels) if bias is None else bias,
        )
        return self.op("CONV_2D", *inputs, shape=(n, h, w, channels), **CONV, **options)

    def dense(self, x: int, outputs: int, **options: Any) -> int:
        n, k = self.tensors[x].shape
        inputs = (x, self.weights(outputs, k), self.weights(outputs))
        return self.op("FULLY_CONNECTED", *inputs, shape=(n, outputs), **options)

    def softmax(self, x: int) -> int:
        return self.op("SOFTMAX", x, shape=self.tensors[x].shape, beta=1.0)

    def reshape(self, x: int, *shape: int) -> int:
        return self.op("RESHAPE", x, self.const(shape, np.int32), shape=shape)

    def split(self, x: int, axis: int, parts: int) -> list[int]:
        shape = list(self.tensors[x].shape)
        shape[axis] //= parts
        made = [self._tensor(tuple(shape), f"part{len(self.tensors) + i}") for i in range(parts)]
        inputs = (self.const(axis, np.int32), x)
        self.nodes.append(Node("SPLIT", inputs, tuple(made), {"num_splits": parts}, "SplitOptions"))
        return made

    def _tensor(self, shape: tuple[int, ...], name: str) -> int:
        return self.add(Tensor(name, shape, np.dtype(np.float32)))


def classifier() -> Graph:
    """Input [1, 8, 8, 2] → CONV_2D, MAX_POOL_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX → [1, 3]."""
    net = Net()
    x = net.conv(net.input(1, 8, 8, 2), 4, fused_activation_function=1)
    x = net.op("MAX_POOL_2D", x, shape=(1, 4, 4, 4), **POOL)
    return net.graph(net.softmax(net.dense(net.reshape(x, 1, 64), 3)))


def noise(graph: Graph, count: int = 20, seed: int = 1) -> Array:
    """Samples for a graph's only input."""
    shape = graph.tensors[graph.inputs[0]].shape[1:]
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


def by_name(graph: Graph, name: str) -> Tensor:
    """The only tensor of that name."""
    (found,) = (t for t in graph.tensors if t.name == name)
    return found


def oracle(graph: Graph, *samples: Array, delegates: bool = False) -> list[Array]:
    """The raw outputs of tflite-runtime for real samples, one array [n, …] for each output."""
    reference = TfliteReference(graph, delegates)
    feeds = [
        evaluate.to_input(graph.tensors[t], x) for t, x in zip(graph.inputs, samples, strict=True)
    ]
    unit = graph.tensors[graph.inputs[0]].shape[0]
    results = [
        reference.run([feed[i : i + unit] for feed in feeds])
        for i in range(0, len(samples[0]), unit)
    ]
    return [np.concatenate(parts) for parts in zip(*results, strict=True)]


def run_float(graph: Graph, samples: Array, step: int = 50) -> Array:
    """The float graph's only output for samples."""
    parts = [reference.run(graph, [samples[i : i + step]])[0] for i in range(0, len(samples), step)]
    return np.concatenate(parts)


def through(graph: Graph, samples: Array, close: float = 25.0, **options: object) -> Quantized:
    """Quantize, and check that kernels accept the result, that the oracle gives the reference's
    bytes for it, and that it is close (SQNR in dB) to the float graph."""
    made = quantize(graph, samples, **options)  # type: ignore[arg-type]
    lower(made.graph)
    feed = evaluate.to_input(made.graph.tensors[made.graph.inputs[0]], samples)
    mine = reference.run(made.graph, [feed])[0]
    (theirs,) = oracle(made.graph, samples)
    assert mine.dtype == theirs.dtype
    assert np.array_equal(mine, theirs)
    real = evaluate.from_output(made.graph.tensors[made.graph.outputs[0]], mine)
    report = evaluate.compare(real, None, run_float(graph, samples))
    assert report.sqnr_db is not None
    assert report.sqnr_db > close
    return made


def recurrent(batch: int = 1, steps: int = 5) -> Graph:
    """Input [batch, steps, 4] → UNIDIRECTIONAL_SEQUENCE_LSTM of 6 cells → RESHAPE →
    FULLY_CONNECTED → [batch, 3]."""
    net = Net()
    x = net.input(batch, steps, 4)
    cells = 6
    inputs = [x, *[-1] * 23]
    for gate in range(4):
        inputs[1 + gate] = net.const(net.random.normal(size=(cells, 4)) / 2)
        inputs[5 + gate] = net.const(net.random.normal(size=(cells, cells)) / 2.5)
        inputs[12 + gate] = net.const(net.random.normal(size=cells) / 2)
    for place in (18, 19):
        state = Tensor(f"state{place}", (batch, cells), np.dtype(np.float32), is_variable=True)
        inputs[place] = net.add(state)
    how = {"fused_activation_function": 4, "cell_clip": 0.9, "time_major": False}
    y = net.add(Tensor("lstm", (batch, steps, cells), np.dtype(np.float32)))
    kind = "UnidirectionalSequenceLSTMOptions"
    net.nodes.append(Node("UNIDIRECTIONAL_SEQUENCE_LSTM", tuple(inputs), (y,), how, kind))
    return net.graph(net.dense(net.reshape(y, batch, steps * cells), 3))


def on_disk(graph: Graph, count: int) -> list[str]:
    """The command that quantizes a graph, written to the current folder with so many samples."""
    tflite.write_file("net.tflite", graph)
    np.savez("x.npz", x=noise(graph, count))
    return ["quantize", "net.tflite", "--calib", "x.npz"]
