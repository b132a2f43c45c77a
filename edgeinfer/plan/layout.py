# SPDX-License-Identifier: Apache-2.0
"""What the planner makes: which call runs when, and where every tensor lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call

SCRATCH = -1  # stands for a step's scratch where a tensor index is expected


@dataclass(frozen=True)
class PlannedStep:
    """One kernel call, or the rows y0..y1-1 of it."""

    call: Call
    y0: int
    y1: int
    in_y0: int = 0  # the input row at the start of the inputs
    scratch: int = 0  # bytes from the start of the arena; 0 when none is needed
    scratch_bytes: int = 0


class Live(NamedTuple):
    """Bytes that hold something during a step."""

    tensor: int  # storage tensor, or SCRATCH
    offset: int  # bytes from the start of the arena
    size: int  # bytes


@dataclass(frozen=True)
class Plan:
    """A program's memory: nothing is decided after this."""

    program: Program
    offsets: Mapping[int, int]  # every activation tensor, aliases included → bytes
    spans: Mapping[int, tuple[int, int]]  # storage tensor → first and last step that need it
    steps: tuple[PlannedStep, ...]  # in execution order
    arena_bytes: int  # a multiple of the alignment, 4 by default
    lower_bound_bytes: int  # of the lifetimes that were packed
    optimal: bool  # whether no smaller packing of these lifetimes exists

    def live(self, step: int) -> list[Live]:
        """What is in the arena while a step executes, by rising offset.

        At an in-place step input and output are both listed, at the same offset."""
        tensors = self.program.graph.tensors
        found = [
            Live(t, self.offsets[t], tensors[t].nbytes)
            for t, (first, last) in self.spans.items()
            if first <= step <= last
        ]
        if self.steps and self.steps[step].scratch_bytes:
            found.append(Live(SCRATCH, self.steps[step].scratch, self.steps[step].scratch_bytes))
        return sorted(found, key=lambda entry: (entry.offset, entry.tensor))

    def live_bytes(self, step: int) -> int:
        """Bytes in use while a step executes, shared ones counted once."""
        total = end = 0
        for _, offset, size in self.live(step):
            total += max(0, offset + size - max(offset, end))
            end = max(end, offset + size)
        return total

    @property
    def peak_step(self) -> int:
        """The first of the steps that use the most bytes."""
        return max(range(len(self.steps)), key=self.live_bytes, default=0)
