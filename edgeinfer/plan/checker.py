# SPDX-License-Identifier: Apache-2.0
"""Proof that a plan is right: whose value each byte holds, row by row, without the planner's help.

Every byte that is written gets a number of its own. A kernel makes its output rows in order; before
each row, all bytes that it reads must hold the numbers that were last given to the tensor's bytes.
What a kernel promises about the order of reads and writes is said in `edgeinfer.ops.base.Call`."""

from __future__ import annotations

import bisect
import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import PlanError
from edgeinfer.plan.layout import Plan, PlannedStep
from edgeinfer.plan.walk import forgotten, resets, walks

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call, Ref

Numbers = npt.NDArray[np.int64]
Read = tuple[range, tuple[int, int], "_Order"]  # arena bytes; tensor and its first byte; order
_REMEDY = "This is a fault of the planner: please report it with the model."
_NOBODY = 0


class _Order(Enum):
    """In which order a kernel reads an input, as `Call` promises."""

    ANY = 0
    BYTES = 1  # of the output's bytes
    LANES = 2  # of the channels


def check(plan: Plan, scratch: Callable[[Call], int], source: Program | None = None) -> None:
    """Simulate a plan byte by byte.

    `scratch` gives the bytes that a call needs. With `source`, the program in the model's order,
    the plan's order of execution must come to the same.
    Raises PlanError naming the layer, tensor and byte where a value would be lost."""
    if source is not None:
        _same_meaning(plan.program, source)
    _Simulation(plan).complete()
    starting = _Simulation(plan)
    for step in resets(plan):
        starting.step(step, scratch(step.call))
    starting.keep()
    for steps in walks(plan):
        simulation = _Simulation(plan)
        simulation.begin()
        for step in steps:
            simulation.step(step, scratch(step.call))
        simulation.end()


def _same_meaning(program: Program, source: Program) -> None:
    """Each call must find what it reads written by the same calls as in the source, and each tensor
    must be written in the same order: but for parts that one node lays side by side."""
    place = {id(call): at for at, call in enumerate(source.calls)}
    if sorted(place.values()) != sorted(place.get(id(call), -1) for call in program.calls):
        raise PlanError("The plan has other calls than the model.", _REMEDY)
    if any(place[id(call)] != at for at, call in enumerate(program.calls[: source.resets])):
        raise PlanError("A reset is not where it was.", _REMEDY)

    def seen(calls: Sequence[Call]) -> dict[int, list[tuple[int, frozenset[int], list[int]]]]:
        writers: dict[int, list[int]] = {}
        found: dict[int, list[tuple[int, frozenset[int], list[int]]]] = {}
        for call in calls:
            number = place[id(call)]
            notes = found.setdefault(number, [])
            for ref in call.read:
                storage = source.storage(ref.tensor)
                notes.append((storage, frozenset(writers.get(storage, ())), []))
            for ref in call.written:
                storage = source.storage(ref.tensor)
                others = writers.setdefault(storage, [])
                beside = {n for n in others if call.part and source.calls[n].part}
                beside = {n for n in beside if source.calls[n].node == call.node}
                notes.append((storage, frozenset(), [n for n in others if n not in beside]))
                others.append(number)
        return found

    before, now = seen(source.calls), seen(program.calls)
    for number, notes in now.items():
        for (storage, *found), (_, *meant) in zip(notes, before[number], strict=True):
            if found != meant:
                label = source.graph.label(source.calls[number].node)
                name = source.graph.tensors[storage].name
                raise PlanError(f"{label} runs too early or too late for '{name}'.", _REMEDY)


class _Simulation:
    def __init__(self, plan: Plan) -> None:
        self.plan, self.program = plan, plan.program
        self.tensors = plan.program.graph.tensors
        self.arena = np.full(plan.arena_bytes, _NOBODY, np.int64)
        calls = plan.program.calls
        self.writers = Counter(self.program.storage(r.tensor) for c in calls for r in c.written)
        self.value: dict[int, Numbers] = {}  # storage → number of each of its bytes
        self.firsts, self.names = [_NOBODY], ["nobody"]  # by rising number, for messages
        self.next = _NOBODY + 1
        self.where = "before the first step"

    def complete(self) -> None:
        """Every call of the program is there, with all its rows; nothing else but moves is."""
        rows: dict[int, list[tuple[int, int]]] = {id(call): [] for call in self.program.calls}
        for step in self.plan.steps:
            if id(step.call) in rows:
                rows[id(step.call)].append((step.y0, step.y1))
            elif not step.is_move or step.call.kernel != "move":
                raise PlanError(f"A step of {step.call.kernel} belongs to no layer.", _REMEDY)
        for call in self.program.calls:
            made = 0
            for y0, y1 in sorted(rows[id(call)]):
                if y0 > made:
                    break
                made = max(made, y1)
            if made != call.rows:
                label = self.program.graph.label(call.node)
                raise PlanError(f"{label}: row {made} of {call.rows} is never made.", _REMEDY)

    def begin(self) -> None:
        """The caller writes the inputs; variables hold what the last inference left."""
        graph = self.program.graph
        given = [i for i, t in enumerate(self.tensors) if t.is_variable or i in graph.inputs]
        given = [i for i in given if self.tensors[i].data is None]
        for tensor in given:
            place = self.whole(tensor, self.plan.begin)
            self.write(tensor, 0, place, self.fresh(tensor, len(place)))
        for tensor in given:  # two of them must not share bytes
            self.read(tensor, 0, self.whole(tensor, self.plan.begin))

    def step(self, step: PlannedStep, scratch: int) -> None:
        """The rows of a call, one after the other, or a move."""
        call = step.call
        self.where = self.program.graph.label(call.node)
        for ref in call.written:
            if self.tensors[self.program.storage(ref.tensor)].data is not None:
                raise self.error(f"constant {self.name(ref.tensor)} is written", 0)
        if step.is_move:
            self.move(step)
            return
        room = range(step.scratch, step.scratch + scratch)
        if scratch:
            if room.start % 4 or not self.inside(room):
                raise self.error("the scratch is misaligned or leaves the arena", room.start)
            number = self.fresh(None, 1)
            self.arena[room.start : room.stop] = number[0]
        numbers: dict[int, Numbers] = {}
        told = call.row_bytes > 0 and not call.more_out
        if not told and (step.y0, step.y1) != (0, call.rows):
            raise self.error("rows that cannot be told apart are made in several steps", step.out)
        group = call.tile if told and call.lanes and call.tile > 1 else 0
        seen = step.y0 - 1  # the last row for which inputs in order have been read
        for y in range(step.y0, step.y1) if told else (step.y0,):
            ahead = group - 1 - (y - step.y0) % group if group else call.ahead
            together = range(y, min(y + 1 + ahead, step.y1) if told else y + 1)
            reads = {late: self.reads(step, late) for late in together}
            for late, found in reads.items():
                for place, (tensor, first), order in found:
                    once = order == _Order.BYTES or (group and order == _Order.LANES)
                    if late > seen if once else late == y:
                        self.read(tensor, first, place)
            seen = together[-1]
            for late in together:
                for ref, place, first in self.outputs(step, late):
                    if _meet(place, room):
                        at = max(place.start, room.start)
                        raise self.error("the scratch meets an output", at)
                    self.apart(call, ref, place, (y, late), reads)
                    if not told:
                        self.complete_write(ref.tensor, first, place)
                        continue
                    if late not in numbers:
                        numbers[late] = self.fresh(ref.tensor, len(place))
                    self.write(ref.tensor, first, place, numbers[late])
        for storage in forgotten(self.program, call):
            self.value.pop(storage, None)

    def apart(
        self,
        call: Call,
        ref: Ref,
        place: range,
        rows: tuple[int, int],
        reads: Mapping[int, Sequence[Read]],
    ) -> None:
        """Bytes of the output row rows[1] must not be those of an input that is still being read
        when the row rows[0] is made."""
        for row, found in reads.items():
            for source, (tensor, _), order in found:
                # What is read in order is done with before later rows are written.
                done = row < rows[1] if order == _Order.BYTES else row != rows[0]
                if order == _Order.LANES and call.tile > 1:
                    done = False  # other channels of all rows are read after this one is written
                if done or not _meet(place, source):
                    continue
                state = tensor == ref.tensor and source == place
                in_order = order == _Order.BYTES and row == rows[1] and place.start <= source.start
                in_lane = order == _Order.LANES and (source.start - place.start) % call.lanes == 0
                if not (state or in_order or in_lane):
                    raise self.error(
                        f"the output {self.name(ref.tensor)} would overwrite its own input "
                        f"{self.name(tensor)}",
                        max(place.start, source.start),
                    )

    def reads(self, step: PlannedStep, y: int) -> list[Read]:
        """Where a kernel reads for an output row, and of which tensor, from which byte on, and in
        which order."""
        found: list[Read] = []
        call = step.call
        places = [*step.inputs, *(step.more.get(name, 0) for name in call.more_in)]
        for position, (ref, place) in enumerate(zip(call.read, places, strict=True)):
            entry = self.tensors[ref.tensor]
            if self.tensors[self.program.storage(ref.tensor)].data is not None:
                continue
            rows = call.reads[position] if position < len(call.reads) else None
            if rows is None:
                first, start, size = ref.offset, place, entry.nbytes - ref.offset
            else:
                above = y * rows.stride - rows.pad
                begin = max(math.ceil(above / rows.apart), 0)
                end = min(math.ceil((above + rows.span) / rows.apart), rows.count)
                if begin < end and begin < step.in_y0:
                    raise self.error(f"row {begin} of {self.name(ref.tensor)} is not there", place)
                first = ref.offset + begin * rows.row_bytes
                start = place + (begin - step.in_y0) * rows.row_bytes
                size = min(max(end - begin, 0) * rows.row_bytes, entry.nbytes - first)
            if size > 0 and start % min(entry.dtype.itemsize, 4):
                raise self.error(f"{self.name(ref.tensor)} is misaligned", start)
            if size > 0:
                order = _Order.BYTES if position in call.inplace else _Order.ANY
                if order == _Order.ANY and call.lanes and position == 0:
                    order = _Order.LANES
                found.append((range(start, start + size), (ref.tensor, first), order))
        return found

    def outputs(self, step: PlannedStep, y: int) -> list[tuple[Ref, range, int]]:
        """Where a kernel writes an output row, and which byte of the tensor is its first."""
        call = step.call
        places = [step.out, *(step.more.get(name, 0) for name in call.more_out)]
        found = []
        for ref, place in zip(call.written, places, strict=True):
            entry = self.tensors[ref.tensor]
            row = 0 if call.more_out else call.row_bytes
            first, start = ref.offset + y * row, place + (y - step.y0) * row
            size = row or entry.nbytes - ref.offset
            if start % min(entry.dtype.itemsize, 4) or first + size > entry.nbytes:
                raise self.error(f"{self.name(ref.tensor)} is misaligned or too long", start)
            found.append((ref, range(start, start + size), first))
        return found

    def complete_write(self, tensor: int, first: int, place: range) -> None:
        """A write of bytes that are not told: all from `first` on, or some of them if the tensor
        has several writers. Then the first to come claims what nobody has."""
        storage = self.program.storage(tensor)
        every = first == 0 and len(place) == self.tensors[storage].nbytes
        if self.writers[storage] == 1 or storage not in self.value or every:
            whole = self.tensors[storage].nbytes if self.writers[storage] > 1 else len(place)
            start = place.start - first if self.writers[storage] > 1 else place.start
            begin = 0 if self.writers[storage] > 1 else first
            numbers = self.fresh(tensor, whole)
            self.write(tensor, begin, range(start, start + whole), numbers)
        else:
            self.read(tensor, 0, range(place.start - first, place.stop))

    def move(self, step: PlannedStep) -> None:
        """The kernel copies as memmove does: its own source may be overwritten."""
        ref, size = step.call.output, step.call.params["bytes"]
        source = range(step.inputs[0], step.inputs[0] + size)
        self.read(ref.tensor, ref.offset, source)
        target = range(step.out, step.out + size)
        if not self.inside(target):
            raise self.error(f"{self.name(ref.tensor)} leaves the arena", target.start)
        self.arena[target.start : target.stop] = self.arena[source.start : source.stop].copy()

    def keep(self) -> None:
        """All variables must have a value after a reset."""
        self.where = "after the reset"
        if self.plan.program.resets:
            for index, tensor in enumerate(self.tensors):
                if tensor.is_variable and tensor.data is None:
                    self.read(index, 0, self.whole(index, self.plan.begin))

    def end(self) -> None:
        """All outputs must be there at the end, and variables for the next inference."""
        self.where = "after the last step"
        for index, tensor in enumerate(self.tensors):
            wanted = tensor.is_variable or index in self.program.graph.outputs
            if wanted and self.tensors[self.program.storage(index)].data is None:
                self.read(index, 0, self.whole(index, self.plan.end))
                if tensor.is_variable and self.plan.end[index] != self.plan.begin[index]:
                    raise self.error(f"{self.name(index)} has moved", self.plan.end[index])

    def whole(self, tensor: int, places: Mapping[int, int]) -> range:
        """A whole tensor's place."""
        if tensor not in places:
            raise self.error(f"{self.name(tensor)} has no place", 0)
        start, entry = places[tensor], self.tensors[tensor]
        if start % min(entry.dtype.itemsize, 4):
            raise self.error(f"{self.name(tensor)} is misaligned", start)
        return range(start, start + entry.nbytes)

    def read(self, tensor: int, first: int, place: range) -> None:
        """Check that bytes hold the value meant: those of the tensor from byte `first` on."""
        storage = self.program.storage(tensor)
        if not self.inside(place, None):
            raise self.error(f"{self.name(tensor)} leaves the arena", place.start)
        if storage not in self.value:
            raise self.error(f"{self.name(tensor)} is needed but was never written", place.start)
        meant = self.value[storage][first : first + len(place)]
        held = self.arena[place.start : place.stop]
        wrong = np.flatnonzero((held != meant) | (meant == _NOBODY))
        if len(wrong):
            byte = int(wrong[0])
            if meant[byte] == _NOBODY:
                what = f"byte {first + byte} of {self.name(tensor)} is needed but was never written"
            else:
                owner = self.names[bisect.bisect_right(self.firsts, int(held[byte])) - 1]
                what = f"{self.name(tensor)} is needed but its byte belongs to {owner}"
            raise self.error(what, place.start + byte)

    def write(self, tensor: int, first: int, place: range, numbers: Numbers) -> None:
        """Give bytes of a tensor a new value."""
        storage = self.program.storage(tensor)
        if not self.inside(place, state=self.tensors[storage].is_variable):
            raise self.error(f"{self.name(tensor)} leaves the arena or its part of it", place.start)
        if storage not in self.value:
            size = max(self.tensors[storage].nbytes, self.tensors[tensor].nbytes)
            self.value[storage] = np.full(size, _NOBODY, np.int64)
        self.value[storage][first : first + len(place)] = numbers
        self.arena[place.start : place.stop] = numbers

    def fresh(self, tensor: int | None, size: int) -> Numbers:
        """Numbers that no byte has had."""
        name = "the scratch" if tensor is None else self.name(tensor)
        self.firsts.append(self.next)
        self.names.append(f"{name} (written {self.where})")
        self.next += size
        return np.arange(self.next - size, self.next)

    def inside(self, place: range, state: bool | None = False) -> bool:
        """Whether bytes lie within one part of the arena: the first is for the state, if there is
        such a part. None: any will do."""
        arena, end = len(self.arena), self.plan.state_bytes
        cuts = [0, end, self.plan.fast_bytes or arena, arena]
        if not any(a <= place.start and place.stop <= b for a, b in itertools.pairwise(cuts)):
            return False
        return state is None or end == 0 or (place.stop <= end) == state

    def name(self, tensor: int) -> str:
        return f"'{self.tensors[tensor].name}'"

    def error(self, what: str, byte: int) -> PlanError:
        return PlanError(f"Wrong memory plan, {self.where}: {what}, arena byte {byte}.", _REMEDY)


def _meet(a: range, b: range) -> bool:
    return max(a.start, b.start) < min(a.stop, b.stop)
