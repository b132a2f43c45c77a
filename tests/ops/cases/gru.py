# SPDX-License-Identifier: Apache-2.0
"""A Keras GRU (reset_after, as is its default) in the nodes that TensorFlow Lite's converter makes
of it: unrolled, and as a loop whose counter and input sequence are among its variables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgeinfer.graph import Graph, Quant
from tests.ops.cases.common import Rng, case, channel_quant, weights
from tests.ops.cases.control import BOOL, Part

HIDDEN = Quant.per_tensor(1 / 128, 0)
GATE = Quant.per_tensor(1 / 256, -128)
DENSE = {"fused_activation_function": 0, "weights_format": 0, "keep_num_dims": False}


@dataclass(frozen=True)
class Cell:
    """One step of a GRU with random weights, of `units` units for an input of `width`."""

    rng: Rng
    units: int
    width: int
    x: Quant
    sums: Quant  # of what goes into the functions

    def kernels(self, part: Part) -> list[tuple[int, int]]:
        """Weights and biases of the three gates (update, reset, candidate): of x, then of h."""
        return [self._kernel(part, self.width, self.x), self._kernel(part, self.units, HIDDEN)]

    def _kernel(self, part: Part, width: int, given: Quant) -> tuple[int, int]:
        shape = (3 * self.units, width)
        q = channel_quant(self.rng, shape[0], 0)
        q.scale[:] *= np.float32(0.05)
        bias = Quant((q.scale * given.scale).astype(np.float32), np.zeros(shape[0], np.int64), 0)
        numbers = self.rng.integers(-500, 500, shape[0]).astype(np.int32)
        return part.const(weights(self.rng, shape), q), part.const(numbers, bias)

    def dense(self, part: Part, x: int, kernel: tuple[int, int]) -> int:
        shape, kind = (1, 3 * self.units), "FullyConnectedOptions"
        return part.op("FULLY_CONNECTED", [x, *kernel], shape, self.sums, options=DENSE, kind=kind)

    def split(self, part: Part, x: int) -> list[int]:
        axis = part.const(np.array(-1, np.int32))
        outputs = [part.tensor((1, self.units), self.sums) for _ in range(3)]
        options, kind = {"num_splits": 3}, "SplitOptions"
        part.node("SPLIT", [axis, x], outputs, options, kind)
        return outputs

    def binary(self, part: Part, op: str, a: int, b: int, q: Quant) -> int:
        shape, kind = (1, self.units), f"{op.capitalize()}Options"
        return part.op(op, [a, b], shape, q, options={}, kind=kind, version=2)

    def step(self, part: Part, kernels: list[tuple[int, int]], x: int, h: int) -> int:
        """The new h."""
        given, kept = (
            self.split(part, self.dense(part, t, kernel))
            for t, kernel in zip((x, h), kernels, strict=True)
        )
        shape = (1, self.units)
        update, reset = (
            part.op(
                "LOGISTIC", [self.binary(part, "ADD", given[g], kept[g], self.sums)], shape, GATE
            )
            for g in range(2)
        )
        past = self.binary(part, "MUL", reset, kept[2], self.sums)
        made = self.binary(part, "ADD", given[2], past, self.sums)
        made = part.op("TANH", [made], shape, HIDDEN)
        one = part.const(np.array(127, np.int8), Quant.per_tensor(1 / 255, -128))
        stay = self.binary(part, "MUL", update, h, HIDDEN)
        rest = self.binary(part, "SUB", one, update, GATE)
        return self.binary(part, "ADD", stay, self.binary(part, "MUL", rest, made, HIDDEN), HIDDEN)


def cell(rng: Rng) -> Cell:
    units, width = (int(n) for n in rng.integers(1, (7, 6)))
    scales, zeros = rng.uniform(0.01, 0.06, 2).astype(np.float32), rng.integers(-20, 20, 2)
    x, sums = (Quant.per_tensor(float(s), int(z)) for s, z in zip(scales, zeros, strict=True))
    return Cell(rng, units, width, x, sums)


def sequence(part: Part, gru: Cell, steps: int) -> int:
    """The input, time first."""
    shape = (1, steps, gru.width)
    if gru.rng.random() < 0.5:
        x = part.tensor(shape, gru.x)
    else:
        x = part.op("QUANTIZE", [part.tensor(shape, None, np.float32)], shape, gru.x)
    order = part.const(np.array([1, 0, 2], np.int32))
    return part.op("TRANSPOSE", [x, order], (steps, 1, gru.width), gru.x, kind="TransposeOptions")


@case("UNPACK/gru")
def unrolled(rng: Rng) -> Graph:
    gru, steps, part = cell(rng), int(rng.integers(1, 5)), Part()
    x = sequence(part, gru, steps)
    slices = [part.tensor((1, gru.width), gru.x) for _ in range(steps)]
    part.node("UNPACK", [x], slices, {"num": steps, "axis": 0}, "UnpackOptions")
    h = part.const(np.zeros((1, gru.units), np.int8), HIDDEN)
    hidden: list[int] = []
    kernels = gru.kernels(part)
    for x in slices:
        h = gru.step(part, kernels, x, h)
        hidden.append(h)
    options = {"values_count": steps, "axis": 1}
    shape = (1, steps, gru.units)
    every = part.op("PACK", hidden, shape, HIDDEN, options=options, kind="PackOptions")
    real = part.op("DEQUANTIZE", [h], (1, gru.units), None, np.float32)
    return part.graph([0], [real, every])


@case("WHILE/gru")
def loop(rng: Rng) -> Graph:
    gru, steps, main = cell(rng), int(rng.integers(1, 5)), Part()
    shape, whole = (1, gru.units), (steps, 1, gru.width)
    condition = Part()
    time = condition.tensor((), None, np.int32)
    state = [time, condition.tensor((), None, np.int32), condition.tensor(shape, HIDDEN)]
    state.append(condition.tensor(whole, gru.x))
    last = condition.const(np.array(steps, np.int32))
    less = condition.op("LESS", [time, last], (), None, BOOL, kind="LessOptions")
    body = Part()
    time, counter = body.tensor((), None, np.int32), body.tensor((), None, np.int32)
    h, x = body.tensor(shape, HIDDEN), body.tensor(whole, gru.x)
    at, kind = {"axis": 0, "batch_dims": 0}, "GatherOptions"
    now = body.op("GATHER", [x, time], (1, gru.width), gru.x, options=at, kind=kind)
    one = body.const(np.array(1, np.int32))
    after = [
        body.op("ADD", [n, one], (), None, np.int32, {}, "AddOptions") for n in (time, counter)
    ]
    results = [*after, gru.step(body, gru.kernels(body), now, h), x]
    given = sequence(main, gru, steps)
    start = main.const(np.array(0, np.int32))
    first = main.const(np.zeros(shape, np.int8), HIDDEN)
    inputs = [start, start, first, given]
    outputs = [main.tensor((), None, np.int32) for _ in range(2)]
    outputs += [main.tensor(shape, HIDDEN), main.tensor(whole, gru.x)]
    options = {"cond_subgraph_index": 1, "body_subgraph_index": 2}
    main.node("WHILE", inputs, outputs, options, "WhileOptions")
    subgraphs = condition.graph(state, [less]), body.graph([time, counter, h, x], results)
    real = main.op("DEQUANTIZE", [outputs[2]], shape, None, np.float32)
    return main.graph([0], [outputs[2], real], *subgraphs)
