# SPDX-License-Identifier: Apache-2.0
"""Timeline and packing → the steps with their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgeinfer.ops.base import Call, Ref
from edgeinfer.plan.layout import SCRATCH, Live, Piece, Plan, PlannedStep, Trace
from edgeinfer.plan.schedule import Make
from edgeinfer.plan.solver import Packing
from edgeinfer.plan.timeline import Timeline

if TYPE_CHECKING:
    from edgeinfer.lower import Program


def make_steps(program: Program, line: Timeline, packing: Packing) -> Plan:
    """The plan: every action that moves or makes bytes as a step."""
    maker = _Maker(program, line, packing)
    steps: list[PlannedStep] = []
    lives: list[tuple[Live, ...]] = []
    clock: dict[int, tuple[float, float]] = {}  # instant → when it begins and ends, in steps
    for number, action in enumerate(line.actions):
        time = line.starts[number]
        if isinstance(action, Make):
            rows = action.y1 - action.y0
            clock |= {
                time + y: (len(steps) + y / rows, len(steps) + (y + 1) / rows) for y in range(rows)
            }
            steps.append(maker.make(action, time))
            lives.append(maker.live(time, time + rows))
        elif (step := maker.move(action.tensor, time)) is not None:
            clock[time] = len(steps), len(steps) + 1
            steps.append(step)
            lives.append(maker.live(time, time + 1))
    final = line.lo.shape[1] - 1
    return Plan(
        program,
        tuple(steps),
        maker.places(0),
        maker.places(final),
        tuple(lives),
        packing.arena_bytes,
        packing.lower_bound_bytes,
        packing.optimal,
        maker.traces(clock),
        packing.state_bytes,
        packing.fast_bytes,
    )


class _Maker:
    def __init__(self, program: Program, line: Timeline, packing: Packing) -> None:
        self.program, self.line, self.packing = program, line, packing
        self.tensors = program.graph.tensors
        self.room = {b.call: i for i, b in enumerate(line.buffers) if b.tensor == SCRATCH}
        self.maker = {program.storage(c.output.tensor): c.node for c in program.calls}

    def place(self, tensor: int, byte: int, time: int) -> int:
        """The arena byte where a byte of a tensor lies."""
        buffer = self.line.buffer_at(self.program.storage(tensor), time)
        return self.packing.offsets[buffer] + byte - self.line.base_at(buffer, time)

    def make(self, action: Make, time: int) -> PlannedStep:
        call = self.program.calls[action.call]
        in_y0, inputs = 0, []
        for reads in call.reads:
            if reads is not None:
                first, last = reads.of(action.y0, action.y1)
                in_y0 = first if last > first else action.y0
        for position, ref in enumerate(call.inputs):
            reads = call.reads[position] if position < len(call.reads) else None
            if self.tensors[self.program.storage(ref.tensor)].data is not None:
                inputs.append(0)
                continue
            byte = ref.offset + (in_y0 * reads.row_bytes if reads else 0)
            nothing = reads is not None and len(set(reads.of(action.y0, action.y1))) == 1
            inputs.append(0 if nothing else self.place(ref.tensor, byte, time))
        out = call.output.offset + action.y0 * call.row_bytes
        room = self.room.get(action.call)
        return PlannedStep(
            call,
            action.y0,
            action.y1,
            tuple(inputs),
            self.place(call.output.tensor, out, time),
            in_y0,
            {
                name: self.place(ref.tensor, ref.offset, time)
                for name, ref in (*call.more_in.items(), *call.more_out.items())
                if self.tensors[self.program.storage(ref.tensor)].data is None
            },
            self.packing.offsets[room] if room is not None else 0,
        )

    def move(self, tensor: int, time: int) -> PlannedStep | None:
        """The step that takes a tensor's bytes to their new place; None if they need not move."""
        before = self.line.buffer_at(tensor, time - 1)
        after = self.line.buffer_at(tensor, time)
        base = self.line.base_at(after, time)
        first = max(int(self.line.lo[after, time]) + base, base)
        old_base = self.line.base_at(before, time - 1)
        last = int(self.line.hi[before, time]) + old_base
        if first >= last:
            return None
        source = self.packing.offsets[before] + first - old_base
        target = self.packing.offsets[after] + first - base
        if source == target:
            return None
        size = last - first
        ref = Ref(tensor, first)
        call = Call(
            "move", {"bytes": size}, (ref,), ref, row_bytes=size, node=self.maker.get(tensor, 0)
        )
        return PlannedStep(call, 0, 1, (source,), target)

    def live(self, start: int, stop: int) -> tuple[Live, ...]:
        """What is alive at the instants of a step."""
        found = []
        lo, hi = self.line.lo[:, start:stop], self.line.hi[:, start:stop]
        for i in np.flatnonzero((hi > lo).any(axis=1)):
            first, last = int(lo[i].min()), int(hi[i].max())
            tensor = self.line.buffers[i].tensor
            found.append(Live(tensor, self.packing.offsets[int(i)] + first, last - first))
        return tuple(sorted(found, key=lambda live: (live.offset, live.tensor)))

    def traces(self, clock: Mapping[int, tuple[float, float]]) -> tuple[Trace, ...]:
        """The life of each buffer; instants that look alike are one piece."""
        found = []
        for index, buffer in enumerate(self.line.buffers):
            at = self.packing.offsets.get(index, 0)
            pieces: list[Piece] = []
            for time in np.flatnonzero(self.line.hi[index] > self.line.lo[index]):
                if int(time) not in clock:
                    continue
                begin, end = clock[int(time)]
                lo, hi = at + int(self.line.lo[index, time]), at + int(self.line.hi[index, time])
                if pieces and (pieces[-1].end, *pieces[-1][2:]) == (begin, lo, hi):
                    pieces[-1] = pieces[-1]._replace(end=end)
                else:
                    pieces.append(Piece(begin, end, lo, hi))
            if pieces:
                found.append(Trace(buffer.tensor, tuple(pieces)))
        return tuple(found)

    def places(self, time: int) -> dict[int, int]:
        """Where all tensors lie that are whole at an instant, aliases included."""
        found = {}
        for tensor, entry in enumerate(self.tensors):
            storage = self.program.storage(tensor)
            if (storage, 0) not in self.line.home or entry.data is not None:
                continue
            buffer = self.line.buffer_at(storage, time)
            if self.line.hi[buffer, time] > self.line.lo[buffer, time]:
                found[tensor] = self.packing.offsets[buffer]
        return found
