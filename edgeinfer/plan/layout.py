# SPDX-License-Identifier: Apache-2.0
"""What the planner makes: which rows of which call are made when, and where everything lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call
    from edgeinfer.plan.order import Order

SCRATCH = -1  # stands for a step's scratch where a tensor index is expected


@dataclass(frozen=True)
class PlannedStep:
    """One kernel call, or the rows y0..y1-1 of it. A tensor may have moved since an earlier step.

    A step whose output is its own input moves bytes of a tensor: it is no call of the program."""

    call: Call
    y0: int
    y1: int
    inputs: tuple[int, ...]  # arena byte of input row in_y0 of each operand; 0 for a constant
    out: int  # arena byte of output row y0
    in_y0: int = 0  # the input row at the start of the inputs
    more: Mapping[str, int] = field(default_factory=dict)  # Call.more_in and more_out: arena bytes
    scratch: int = 0  # bytes from the start of the arena; 0 when none is needed

    @property
    def is_move(self) -> bool:
        """Whether the step only moves a tensor's bytes."""
        return bool(self.call.inputs) and self.call.inputs[0] == self.call.output


class Live(NamedTuple):
    """Bytes that hold something during a step."""

    tensor: int  # storage tensor, or SCRATCH
    offset: int  # bytes from the start of the arena
    size: int  # bytes


class Piece(NamedTuple):
    """The bytes [lo, hi) of the arena from one time to another, counted in steps."""

    begin: float
    end: float
    lo: int
    hi: int


class Trace(NamedTuple):
    """The life of a tensor at one place: it fills up row by row and is used up so."""

    tensor: int  # storage tensor, or SCRATCH
    pieces: tuple[Piece, ...]  # by rising time


@dataclass(frozen=True)
class Plan:
    """A program's memory: nothing is decided after this."""

    program: Program
    steps: tuple[PlannedStep, ...]  # in execution order
    begin: Mapping[int, int]  # inputs and variables → arena byte, before the first step
    end: Mapping[int, int]  # outputs and variables → arena byte, after the last step
    lives: tuple[tuple[Live, ...], ...]  # of each step, by rising offset
    arena_bytes: int  # a multiple of the alignment, 4 by default
    lower_bound_bytes: int  # of this order of execution
    optimal: bool  # whether no smaller packing of this order of execution exists
    traces: tuple[Trace, ...] = ()  # the same as `lives`, row by row
    state_bytes: int = 0  # the first bytes, if they hold the variables and nothing else
    fast_bytes: int = 0  # the bytes from here on may lie in slower memory; 0: none
    order: Order | None = None  # what is known of other orders of execution

    def live(self, step: int) -> tuple[Live, ...]:
        """What is in the arena while a step executes, by rising offset.

        A tensor is listed with those of its bytes that hold something. Two of them meet where one
        takes the place of the other row by row."""
        return self.lives[step]

    def live_bytes(self, step: int, without: int | None = None) -> int:
        """Bytes in use while a step executes, shared ones counted once, perhaps without those of
        a tensor (SCRATCH for scratch)."""
        total = end = 0
        for tensor, offset, size in self.lives[step]:
            if tensor == without:
                continue
            total += max(0, offset + size - max(offset, end))
            end = max(end, offset + size)
        return total

    @cached_property
    def spans(self) -> dict[int, tuple[int, int]]:
        """Storage tensor → the first and last step that need it."""
        found: dict[int, tuple[int, int]] = {}
        for step, lives in enumerate(self.lives):
            for live in lives:
                if live.tensor != SCRATCH:
                    found[live.tensor] = (found.get(live.tensor, (step, step))[0], step)
        return found

    @property
    def peak_step(self) -> int:
        """The first of the steps that use the most bytes."""
        return max(range(len(self.steps)), key=self.live_bytes, default=0)
