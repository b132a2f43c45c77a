# SPDX-License-Identifier: Apache-2.0
"""Small programs and packing instances for the planner's tests."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from edgeinfer.graph import Graph, Node, Tensor
from edgeinfer.lower import Program
from edgeinfer.ops.base import Call, Ref
from edgeinfer.plan import Buffer, Plan


@dataclass
class Builder:
    """A program under construction; kernels are named "k" and need params["scratch"] bytes."""

    tensors: list[Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    alias: dict[int, int] = field(default_factory=dict)

    def tensor(self, size: int, **more: Any) -> int:
        name = f"t{len(self.tensors)}"
        self.tensors.append(Tensor(name, (size,), np.dtype(np.int8), **more))
        return len(self.tensors) - 1

    def call(
        self,
        inputs: list[int],
        output: int,
        scratch: int = 0,
        inplace: tuple[int, ...] = (),
        offset: int = 0,
    ) -> None:
        node = len(self.nodes)
        self.nodes.append(Node("OP", tuple(inputs), (output,)))
        refs = tuple(Ref(t) for t in inputs)
        params = {"scratch": scratch}
        self.calls.append(Call("k", params, refs, Ref(output, offset), inplace=inplace, node=node))

    def name(self, source: int) -> int:
        """Another name for a tensor's bytes, as RESHAPE makes."""
        index = self.tensor(self.tensors[source].size)
        self.alias[index] = self.alias.get(source, source)
        self.nodes.append(Node("RESHAPE", (source,), (index,)))
        return index

    def program(self, inputs: list[int], outputs: list[int]) -> Program:
        graph = Graph(tuple(self.tensors), tuple(self.nodes), tuple(inputs), tuple(outputs))
        return Program(graph, tuple(self.calls), self.alias)


def scratch(call: Call) -> int:
    """Scratch bytes of a call made here."""
    return int(call.params["scratch"])


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Chains with residual additions, concatenations, reshapes, constants and scratch."""
    b = Builder()
    sizes = st.integers(1, 60)
    values = [b.tensor(draw(sizes)) for _ in range(draw(st.integers(1, 2)))]
    inputs = list(values)
    if draw(st.booleans()):
        values.append(b.tensor(8, is_variable=True))
    for _ in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from(["conv", "relu", "add", "concat", "reshape", "constant"]))
        a = values[draw(st.integers(max(0, len(values) - 3), len(values) - 1))]
        c = draw(st.sampled_from(values))
        if kind == "reshape":
            values.append(b.name(a))
            continue
        if kind == "concat":
            out = b.tensor(b.tensors[a].size + b.tensors[c].size)
            b.call([a], out)
            b.call([c], out, offset=b.tensors[a].size)
        elif kind == "conv":
            out = b.tensor(draw(sizes))
            b.call([a], out, scratch=draw(st.sampled_from([0, 3, 40])))
        elif kind == "relu":
            out = b.tensor(draw(st.sampled_from([b.tensors[a].size, 5, 70])))
            b.call([a], out, inplace=(0,), scratch=draw(st.sampled_from([0, 4])))
        elif kind == "constant":
            out = b.tensor(draw(sizes))
            constant = b.tensor(4, data=np.zeros(4, np.int8))
            b.call([a, constant], out, inplace=(0, 1))
        else:
            out = b.tensor(b.tensors[a].size)
            b.call([a, c], out, inplace=draw(st.sampled_from([(0, 1), (0,), (1,), ()])))
        values.append(out)
    outputs = [values[-1]]
    if draw(st.booleans()):
        outputs.append(draw(st.sampled_from(values)))
    return b.program(inputs, outputs)


@st.composite
def buffers(draw: st.DrawFn, most: int = 12, size: int = 12) -> list[Buffer]:
    """Buffers with any lives and sizes."""
    steps = draw(st.integers(1, 8))
    found = []
    for i in range(draw(st.integers(0, most))):
        first = draw(st.integers(0, steps - 1))
        last = draw(st.integers(first, steps - 1))
        found.append(Buffer(i, draw(st.integers(0, size)), first, last))
    return found


def cut_rectangle(count: int, height: int, seed: int) -> list[Buffer]:
    """A rectangle of `count` steps cut into `count` buffers: they can fill every byte again."""
    rng = random.Random(seed)
    parts = [(0, count, 0, height)]
    while len(parts) < count:
        areas = [(r[1] - r[0]) * (r[3] - r[2]) * rng.random() for r in parts]
        t0, t1, y0, y1 = parts.pop(areas.index(max(areas)))
        if rng.random() < 0.5 and t1 - t0 > 1:
            t = rng.randrange(t0 + 1, t1)
            parts += [(t0, t, y0, y1), (t, t1, y0, y1)]
        elif y1 - y0 > 1:
            y = rng.randrange(y0 + 1, y1)
            parts += [(t0, t1, y0, y), (t0, t1, y, y1)]
        else:
            parts.append((t0, t1, y0, y1))
    rng.shuffle(parts)
    return [Buffer(i, y1 - y0, t0, t1 - 1) for i, (t0, t1, y0, y1) in enumerate(parts)]


def filled(count: int, height: int, seed: int) -> list[Buffer]:
    """At least `count` buffers that fill every step to the same height, if placed one could say."""
    rng = random.Random(seed)
    live: list[tuple[int, int]] = []
    done: list[tuple[int, int, int]] = []
    step = 0
    while len(done) < count:
        for entry in list(live):
            if rng.random() < 0.45:
                live.remove(entry)
                done.append((*entry, step - 1))
        free = height - sum(size for size, _ in live)
        while free:
            size = rng.randint(1, min(free, max(1, height * 2 // 3)))
            live.append((size, step))
            free -= size
        step += 1
    done += [(*entry, step - 1) for entry in live]
    return [Buffer(i, *entry) for i, entry in enumerate(done) if entry[1] <= entry[2]]


def exists(found: list[Buffer], height: int) -> bool:
    """Whether a packing of this height exists: every offset tried, in the order of time."""
    order = sorted(found, key=lambda b: (b.first, -b.size))

    def rec(index: int, placed: list[tuple[int, int]]) -> bool:
        if index == len(order):
            return True
        buffer, mask = order[index], (1 << order[index].size) - 1
        alive = [(last, bits) for last, bits in placed if last >= buffer.first]
        used = 0
        for _, bits in alive:
            used |= bits
        return any(
            rec(index + 1, [*alive, (buffer.last, mask << offset)])
            for offset in range(height - buffer.size + 1)
            if not used & (mask << offset)
        )

    return rec(0, [])


def places(made: Plan) -> dict[int, int]:
    """Where each storage tensor of a plan without moves lies: the arena byte of its first byte."""
    found = {made.program.storage(t): at for t, at in made.begin.items()}
    for step in made.steps:
        found[made.program.storage(step.call.output.tensor)] = (
            step.out - step.call.output.offset - step.y0 * step.call.row_bytes
        )
    return found


def moved(made: Plan, tensor: int, offset: int) -> Plan:
    """The plan with all bytes of a tensor at another place."""
    storage, shift = made.program.storage(tensor), offset - places(made)[tensor]

    def there(index: int, at: int) -> int:
        return at + shift if made.program.storage(index) == storage else at

    steps = [
        replace(
            step,
            inputs=tuple(
                there(ref.tensor, at) for ref, at in zip(step.call.inputs, step.inputs, strict=True)
            ),
            out=there(step.call.output.tensor, step.out),
        )
        for step in made.steps
    ]
    begin = {t: there(t, at) for t, at in made.begin.items()}
    end = {t: there(t, at) for t, at in made.end.items()}
    return replace(made, steps=tuple(steps), begin=begin, end=end)
