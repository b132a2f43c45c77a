# SPDX-License-Identifier: Apache-2.0
"""Subgraphs and resource variables."""

from __future__ import annotations

from typing import Any

import numpy as np
from flatbuffers import flexbuffers

from edgeinfer.graph import Array, Graph, Node, Quant, Tensor
from edgeinfer.tflite.types import RESOURCE
from tests.ops.cases.common import I8, Rng, case, constant, quant

BOOL = np.dtype(np.bool_)


class Part:
    """A graph under construction."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.nodes: list[Node] = []

    def tensor(self, shape: tuple[int, ...], q: Quant | None, dtype: Any = I8) -> int:
        self.tensors.append(Tensor(f"t{len(self.tensors)}", shape, np.dtype(dtype), q))
        return len(self.tensors) - 1

    def const(self, data: Array, q: Quant | None = None) -> int:
        self.tensors.append(constant(f"c{len(self.tensors)}", data, q))
        return len(self.tensors) - 1

    def op(
        self,
        op: str,
        inputs: list[int],
        shape: tuple[int, ...],
        q: Quant | None = None,
        dtype: Any = I8,
        options: dict[str, Any] | None = None,
        kind: str = "",
        version: int = 1,
    ) -> int:
        out = self.tensor(shape, q, dtype)
        self.nodes.append(Node(op, tuple(inputs), (out,), options or {}, kind, b"", version))
        return out

    def node(
        self, op: str, inputs: list[int], outputs: list[int], options: dict[str, Any], kind: str
    ) -> None:
        """A node of several outputs."""
        self.nodes.append(Node(op, tuple(inputs), tuple(outputs), options, kind))

    def add(self, a: int, b: int, q: Quant) -> int:
        shape = np.broadcast_shapes(self.tensors[a].shape, self.tensors[b].shape)
        return self.op("ADD", [a, b], shape, q, options={}, kind="AddOptions", version=2)

    def slice(self, x: int, begin: int) -> int:
        """x[:, begin:]"""
        n, width = self.tensors[x].shape
        lists = [self.const(np.array(v, np.int32)) for v in ([0, begin], [0, 0], [1, 1])]
        options = {"begin_mask": 1, "end_mask": 3}
        q, dtype = self.tensors[x].quant, self.tensors[x].dtype
        return self.op(
            "STRIDED_SLICE",
            [x, *lists],
            (n, width - begin),
            q,
            dtype,
            options,
            "StridedSliceOptions",
            2,
        )

    def concat(self, a: int, b: int) -> int:
        (n, first), (_, second) = self.tensors[a].shape, self.tensors[b].shape
        q, dtype = self.tensors[a].quant, self.tensors[a].dtype
        return self.op(
            "CONCATENATION",
            [a, b],
            (n, first + second),
            q,
            dtype,
            {"axis": 1},
            "ConcatenationOptions",
            2,
        )

    def ring(self, x: int, slots: int, cycles: int, valid: bool = False) -> int:
        """CIRCULAR_BUFFER: `cycles` below 1 are not in the options; `valid`: a second output."""
        like = self.tensors[x]
        out = [self.tensor((1, slots, *like.shape[2:]), like.quant)]
        out += [self.tensor((1,), None, BOOL)] if valid else []
        custom = bytes(flexbuffers.Dumps({"cycles_max": cycles})) if cycles > 0 else b""
        self.nodes.append(Node("CUSTOM:CIRCULAR_BUFFER", (x,), tuple(out), {}, "", custom))
        return out[0]

    def handle(self, name: str) -> int:
        options = {"container": "", "shared_name": name}
        return self.op("VAR_HANDLE", [], (), None, RESOURCE, options, "VarHandleOptions")

    def read(self, handle: int, shape: tuple[int, ...], q: Quant) -> int:
        return self.op("READ_VARIABLE", [handle], shape, q, kind="ReadVariableOptions")

    def assign(self, handle: int, value: int) -> None:
        self.nodes.append(Node("ASSIGN_VARIABLE", (handle, value), (), {}, "AssignVariableOptions"))

    def graph(self, inputs: list[int], outputs: list[int], *subgraphs: Graph) -> Graph:
        return Graph(
            tuple(self.tensors),
            tuple(self.nodes),
            tuple(inputs),
            tuple(outputs),
            "part",
            subgraphs=subgraphs,
        )


def streaming(rng: Rng) -> Graph:
    """A window over a stream: the state is the samples that the next inference still needs."""
    q, old, new = quant(rng), int(rng.integers(1, 6)), int(rng.integers(1, 4))
    first = Part()
    handle = first.handle("state")
    start = rng.integers(-128, 128, (1, old)).astype(np.int8)
    first.assign(handle, first.const(start, q))
    main = Part()
    x = main.tensor((1, new), q)
    main.nodes.append(Node("CALL_ONCE", (), (), {"init_subgraph_index": 1}, "CallOnceOptions"))
    handle = main.handle("state")
    value = main.read(handle, (1, old), q)
    joined = main.concat(value, x)
    main.assign(handle, main.slice(joined, new))
    results = [main.add(joined, joined, quant(rng))]
    if rng.random() < 0.3:  # a value that is read after the variable has changed
        results.append(main.add(value, value, quant(rng)))
    if rng.random() < 0.3:
        results.append(value)
    return main.graph([x], results, first.graph([], []))


for name in ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"):
    case(name)(streaming)


def ways(rng: Rng, q: Quant, shape: tuple[int, ...]) -> Graph:
    """One side of a branch: a sum, or an input as it is, or a constant."""
    part = Part()
    inputs = [part.tensor(shape, q), part.tensor(shape, q)]
    way = int(rng.integers(0, 4))
    if way == 0:
        out = inputs[int(rng.integers(0, 2))]
    elif way == 1:
        out = part.const(rng.integers(-128, 128, shape).astype(np.int8), q)
    else:
        out = part.add(inputs[0], inputs[1], q)
        out = part.add(out, inputs[0], q) if way == 3 else out
    other = part.add(inputs[0], inputs[0], q)
    return part.graph(inputs, [out, other])


@case("IF")
def branch(rng: Rng) -> Graph:
    q, shape = quant(rng), (1, int(rng.integers(1, 9)))
    main = Part()
    condition = main.tensor((1,), None, BOOL)
    a, b = main.tensor(shape, q), main.tensor(shape, q)
    before = main.add(a, b, q)
    outputs = [main.tensor(shape, q), main.tensor(shape, q)]
    options = {"then_subgraph_index": 1, "else_subgraph_index": 2}
    main.nodes.append(Node("IF", (condition, before, b), tuple(outputs), options, "IfOptions"))
    after = main.add(main.add(outputs[0], outputs[1], q), before, q)
    sides = [ways(rng, q, shape) for _ in range(2)]
    return main.graph([condition, a, b], [after, outputs[0]], *sides)


@case("WHILE")
def loop(rng: Rng) -> Graph:
    """As many rounds as the input has leading trues; one value takes the place of another.

    Not of one after it: TFLite's WHILE would overwrite that first."""
    q, shape, most = quant(rng), (1, int(rng.integers(1, 9))), int(rng.integers(1, 7))
    condition = Part()
    flags = condition.tensor((1, most), None, BOOL)
    rest = [condition.tensor(shape, q) for _ in range(3)]
    lists = [condition.const(np.array(v, np.int32)) for v in ([0, 0], [1, 1], [1, 1])]
    first = condition.op(
        "STRIDED_SLICE",
        [flags, *lists],
        (1,),
        None,
        BOOL,
        {"shrink_axis_mask": 1},
        "StridedSliceOptions",
        2,
    )
    body = Part()
    state = [body.tensor((1, most), None, BOOL), *(body.tensor(shape, q) for _ in range(3))]
    false = body.const(np.zeros((1, 1), np.bool_))
    shifted = body.concat(body.slice(state[0], 1), false) if most > 1 else false
    total = body.add(state[1], state[3], q)
    swap = state[2] if rng.random() < 0.5 else body.add(state[2], state[2], q)
    results = [shifted, swap, total, state[3]]
    if rng.random() < 0.3:
        results[3] = body.add(state[3], state[1], q)
    main = Part()
    x = main.tensor((1, most), None, BOOL)
    a, b = main.tensor(shape, q), main.tensor(shape, q)
    if rng.random() < 0.3:
        b = main.const(rng.integers(-128, 128, shape).astype(np.int8), q)
    before = main.add(a, a, q)
    outputs = [main.tensor((1, most), None, BOOL), *(main.tensor(shape, q) for _ in range(3))]
    options = {"cond_subgraph_index": 1, "body_subgraph_index": 2}
    main.nodes.append(Node("WHILE", (x, before, a, b), tuple(outputs), options, "WhileOptions"))
    after = main.add(main.add(outputs[1], outputs[3], q), before, q)
    inputs = [x, a] if main.tensors[b].data is not None else [x, a, b]
    return main.graph(
        inputs,
        [after, outputs[2]],
        condition.graph([flags, *rest], [first]),
        body.graph(state, results),
    )


@case("CUSTOM:CIRCULAR_BUFFER", oracle=False)
def circular_buffer(rng: Rng) -> Graph:
    """One or two after each other; what is made of them, and sometimes they themselves."""
    main = Part()
    slots, depth, rows = (int(n) for n in rng.integers(1, 7, 3))
    x = main.tensor((1, 1, rows, depth), quant(rng))
    before = main.add(x, x, quant(rng))
    buffer = main.ring(before, slots, int(rng.integers(-1, 4)), bool(rng.integers(0, 2)))
    sums = [main.add(buffer, buffer, quant(rng))]
    if rng.random() < 0.3:
        sums.append(main.add(main.ring(x, int(rng.integers(1, 5)), 2), x, quant(rng)))
    others = [t for t in (before, buffer) if rng.random() < 0.3]
    return main.graph([x], [*sums, *others])
