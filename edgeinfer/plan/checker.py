# SPDX-License-Identifier: Apache-2.0
"""Proof that a plan is right: who owns which byte, step by step, without the planner's help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from edgeinfer.errors import PlanError
from edgeinfer.plan.layout import Plan, PlannedStep

if TYPE_CHECKING:
    from edgeinfer.ops.base import Call, Ref

_REMEDY = "This is a fault of the planner: please report it with the model."
_NOBODY = -1


def check(plan: Plan, scratch: Callable[[Call], int] | None = None) -> None:
    """Simulate a plan byte by byte.

    `scratch` gives the bytes that a call needs; without it the plan's own figures are believed.
    Raises PlanError naming the layer, tensor and byte where a value would be lost."""
    simulation = _Simulation(plan)
    simulation.complete()
    simulation.begin()
    for step in plan.steps:
        simulation.step(step, scratch(step.call) if scratch else step.scratch_bytes)
    simulation.end()


class _Simulation:
    """The arena as an array of owners: each write of a tensor is a new value with its number."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.program = plan, plan.program
        self.tensors = plan.program.graph.tensors
        self.owner = np.full(plan.arena_bytes, _NOBODY, np.int64)
        self.names: list[str] = []  # of each value, for messages
        self.value: dict[int, int] = {}  # storage tensor → number of its latest value
        self.writers = Counter(
            self.program.storage(ref.tensor) for s in plan.steps for ref in s.call.written
        )
        self.begun: set[int] = set()  # tensors with several writers, after the first
        self.where = "before the first step"

    def complete(self) -> None:
        """Every call of the program is there, with all its rows."""
        rows: dict[int, list[tuple[int, int]]] = {}
        for step in self.plan.steps:
            rows.setdefault(id(step.call), []).append((step.y0, step.y1))
        for call in self.program.calls:
            made = 0
            for y0, y1 in sorted(rows.get(id(call), [])):
                if y0 > made:
                    break
                made = max(made, y1)
            if made != call.rows:
                label = self.program.graph.label(call.node)
                raise PlanError(f"{label}: row {made} of {call.rows} is never made.", _REMEDY)

    def begin(self) -> None:
        """The caller writes the inputs; variables hold what the last inference left."""
        for index, tensor in enumerate(self.tensors):
            if tensor.data is None and (tensor.is_variable or index in self.program.graph.inputs):
                self.claim(index)
        for index in self.program.graph.inputs:
            self.intact(index)  # two inputs must not share bytes

    def step(self, step: PlannedStep, scratch: int) -> None:
        """Read the inputs, then let the scratch and the output take their bytes."""
        call = step.call
        self.where = self.program.graph.label(call.node)
        inputs = [ref for ref in call.read if self.tensors[ref.tensor].data is None]
        for ref in inputs:
            self.intact(ref.tensor, ref.offset)
        output = self.program.storage(call.output.tensor)
        if self.tensors[output].data is not None:
            raise self.error(f"constant '{self.tensors[output].name}' is written", 0)
        several = self.writers[output] > 1
        written = self.span(output) if several else self.span(output, call.output.offset)
        for position, ref in enumerate(call.inputs):
            if ref not in inputs:
                continue
            shared = position in call.inplace and not several
            place = self.span(ref.tensor, ref.offset)
            if _meet(place, written) and not (shared and place.start == written.start):
                raise self.error(
                    f"the output '{self.tensors[output].name}' would overwrite its own input "
                    f"'{self.tensors[ref.tensor].name}'",
                    max(place.start, written.start),
                )
        self.apart(call, inputs)
        if scratch:
            operands = [*inputs, *call.more_out.values()]
            self.scratch(
                step, scratch, [written, *(self.span(r.tensor, r.offset) for r in operands)]
            )
        self.write(call.output, output, several)
        for ref in call.more_out.values():
            storage = self.program.storage(ref.tensor)
            self.write(ref, storage, self.writers[storage] > 1)

    def apart(self, call: Call, inputs: list[Ref]) -> None:
        """Further outputs share no byte with an operand; state is one operand, read and written."""
        whole = [(ref, self.span(ref.tensor)) for ref in (*inputs, *call.written)]
        for ref in call.more_out.values():
            place = self.span(ref.tensor)
            for other, taken in whole:
                if other.tensor != ref.tensor and _meet(place, taken):
                    raise self.error(
                        f"'{self.tensors[ref.tensor].name}' would overwrite "
                        f"'{self.tensors[other.tensor].name}'",
                        max(place.start, taken.start),
                    )

    def scratch(self, step: PlannedStep, size: int, operands: list[range]) -> None:
        """Scratch loses whatever was there, so it must not touch the call's operands."""
        place = range(step.scratch, step.scratch + size)
        if place.start < 0 or place.stop > len(self.owner) or place.start % 4:
            raise self.error("the scratch is misaligned or leaves the arena", place.start)
        for other in operands:
            if _meet(place, other):
                raise self.error("the scratch meets an operand", max(place.start, other.start))
        self.owner[place.start : place.stop] = self.number(f"the scratch of {self.where}")

    def write(self, ref: Ref, output: int, several: bool) -> None:
        """A tensor's only writer makes all of it; the first of several claims it for them all."""
        if several and output in self.begun:
            self.intact(output)
        else:
            if not several and ref.offset:
                raise self.error(f"'{self.tensors[output].name}' is made in part", ref.offset)
            self.begun.add(output)
            self.claim(output)

    def end(self) -> None:
        """All outputs must be there at the end, and variables for the next inference."""
        self.where = "after the last step"
        for tensor in self.program.graph.outputs:
            if self.tensors[self.program.storage(tensor)].data is None:
                self.intact(tensor)
        for index, tensor_ in enumerate(self.tensors):
            if tensor_.is_variable and tensor_.data is None:
                self.intact(index)

    def span(self, tensor: int, offset: int = 0) -> range:
        """A tensor's place in the arena, in bytes, from an offset in it on."""
        entry = self.tensors[tensor]
        if tensor not in self.plan.offsets:
            raise self.error(f"'{entry.name}' has no place", 0)
        start = self.plan.offsets[tensor]
        if start != self.plan.offsets.get(self.program.storage(tensor)):
            raise self.error(f"'{entry.name}' is not where its bytes are", start)
        place = range(start + offset, start + entry.nbytes)
        if start < 0 or place.stop > len(self.owner) or start % entry.dtype.itemsize:
            raise self.error(f"'{entry.name}' is misaligned or leaves the arena", start)
        return place

    def intact(self, tensor: int, offset: int = 0) -> None:
        """Check that all bytes still hold the value meant."""
        place = self.span(tensor, offset)
        value = self.value.get(self.program.storage(tensor))
        name = self.tensors[tensor].name
        if value is None:
            raise self.error(f"'{name}' is needed but was never written", place.start)
        wrong = np.flatnonzero(self.owner[place.start : place.stop] != value)
        if len(wrong):
            byte = place.start + int(wrong[0])
            owner = int(self.owner[byte])
            by = self.names[owner] if owner != _NOBODY else "nobody"
            raise self.error(f"'{name}' is needed but its byte belongs to {by}", byte)

    def claim(self, tensor: int) -> None:
        """A new value takes all bytes of a tensor."""
        storage = self.program.storage(tensor)
        place = self.span(storage)
        self.value[storage] = self.number(f"'{self.tensors[storage].name}' (written {self.where})")
        self.owner[place.start : place.stop] = self.value[storage]

    def number(self, name: str) -> int:
        self.names.append(name)
        return len(self.names) - 1

    def error(self, what: str, byte: int) -> PlanError:
        return PlanError(f"Wrong memory plan, {self.where}: {what}, arena byte {byte}.", _REMEDY)


def _meet(a: range, b: range) -> bool:
    return max(a.start, b.start) < min(a.stop, b.stop)
