# SPDX-License-Identifier: Apache-2.0
"""A fast and a slow memory: the bytes that are used most lie in the fast one.

The arena's offsets go through both, the fast one first; no tensor lies in both. What a kernel reads
and writes is counted row by row, so that a map that a window passes over counts several times."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeinfer.errors import PlanError
from edgeinfer.plan.layout import SCRATCH
from edgeinfer.plan.packing import PART_ALIGN, pack
from edgeinfer.plan.schedule import Make
from edgeinfer.plan.solver import Packing
from edgeinfer.plan.timeline import Timeline

if TYPE_CHECKING:
    from edgeinfer.lower import Program


def split(
    program: Program,
    line: Timeline,
    memories: tuple[int, int],
    align: int,
    seconds: float,
    state: Collection[int] = (),
) -> Packing | None:
    """A packing into a fast and a slow memory of so many bytes; None if none is found.

    Buffers `state` lie apart at the start of the fast one. The packing claims no more than that it
    fits: its lower bound is what is alive at the fullest instant, in both together."""
    fast, slow = (size // PART_ALIGN * PART_ALIGN for size in memories)
    use = accesses(program, line)
    times = (line.hi - line.lo).clip(0).sum(axis=1)  # bytes alive, summed over instants
    order = sorted(range(len(use)), key=lambda i: -use[i] / max(int(times[i]), 1))
    inside: set[int] = set(state)
    outside: list[int] = []
    for buffer in [i for i in order if i not in inside]:
        others = [i for i in range(len(use)) if i not in inside and i != buffer]
        if int(line.load(others).max(initial=0)) <= fast:
            inside.add(buffer)
        else:
            outside.append(buffer)
    while True:
        near = _packed(line, inside, align, seconds, fast, state)
        if near.arena_bytes <= fast:
            break
        last = next((i for i in reversed(order) if i in inside and i not in state), None)
        if last is None:
            return None
        inside.discard(last)
        outside.append(last)
    far = _packed(line, outside, align, seconds, slow)
    if far.arena_bytes > slow:
        return None
    if not outside:
        return near
    begin = max(-(-near.arena_bytes // PART_ALIGN), 1) * PART_ALIGN  # 0 would mean no division
    return replace(
        near,
        offsets=near.offsets | {i: at + begin for i, at in far.offsets.items()},
        arena_bytes=begin + far.arena_bytes,
        lower_bound_bytes=int(line.load().max(initial=0)),
        optimal=False,
        fast_bytes=begin,
    )


def accesses(program: Program, line: Timeline) -> list[int]:
    """Of each buffer, the bytes that all calls together read and write in it."""
    found = [0] * len(line.buffers)
    rooms = {b.call: i for i, b in enumerate(line.buffers) if b.tensor == SCRATCH}
    tensors = program.graph.tensors
    for action, time in zip(line.actions, line.starts, strict=True):
        if not isinstance(action, Make):
            continue
        call = program.calls[action.call]
        rows = action.y1 - action.y0
        for position, ref in enumerate(call.read):
            storage = program.storage(ref.tensor)
            if tensors[storage].data is not None:
                continue
            reads = call.reads[position] if position < len(call.reads) else None
            if reads is None:
                size = tensors[storage].nbytes
            else:
                spans = (reads.of(y, y + 1) for y in range(action.y0, action.y1))
                size = sum((last - first) * reads.row_bytes for first, last in spans)
            found[line.buffer_at(storage, time)] += size
        for ref in call.written:
            storage = program.storage(ref.tensor)
            size = rows * call.row_bytes if call.row_bytes else tensors[storage].nbytes
            found[line.buffer_at(storage, time)] += size
        if action.call in rooms:  # filled and read again for each row
            found[rooms[action.call]] += 2 * rows * int(line.sizes[rooms[action.call]])
    return found


def _packed(
    line: Timeline,
    chosen: Collection[int],
    align: int,
    seconds: float,
    enough: int,
    state: Collection[int] = (),
) -> Packing:
    """The packing of some buffers."""
    others = [i for i in range(len(line.buffers)) if i not in chosen]
    try:
        return pack(line, align, seconds, enough, sorted(state), without=others)
    except PlanError:  # nothing was found in time
        return Packing({}, 1 << 62, 0, False)
