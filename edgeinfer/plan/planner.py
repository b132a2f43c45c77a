# SPDX-License-Identifier: Apache-2.0
"""Program → plan: the stages, the smallest packing of what they need, and the steps that result."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from edgeinfer.plan.layout import Plan
from edgeinfer.plan.memories import split
from edgeinfer.plan.order import best_order
from edgeinfer.plan.packing import pack
from edgeinfer.plan.schedule import Action, Rehome, Stage, layers, line_buffers, order
from edgeinfer.plan.solver import Packing
from edgeinfer.plan.stages import Cutter
from edgeinfer.plan.steps import make_steps
from edgeinfer.plan.timeline import Timeline, timeline
from edgeinfer.plan.walk import has_jumps

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call

Memory = Literal["minimum", "fast"]
# How far above the least bytes alive stages may go: fewer steps, and sometimes a better packing.
_SLACK = (1.0, 1.08)

_NEAR = 1.01  # times the smallest arena: so much larger it may be for fewer steps
_COARSEST = 128  # bytes: multiples of more waste more than they save


@dataclass(frozen=True)
class Goal:
    """What a plan is to be good at.

    "minimum" is the smallest arena, or one at most 1 % larger that has fewer steps; "fast" the
    fewest instructions: layer by layer, and no tensor is moved. With `limit` the plan is the
    fastest whose arena has at most so many bytes, or the smallest if there is none.

    A board may have `memories`, a fast and a slow one of so many bytes: an arena that is too large
    for the fast one is then divided between them, of the fastest plan with which that succeeds."""

    memory: Memory = "minimum"
    limit: int | None = None
    memories: tuple[int, int] | None = None


SMALLEST = Goal()
FASTEST = Goal("fast")


@dataclass(frozen=True)
class _Candidate:
    stages: Sequence[Stage]
    moved: frozenset[int]  # storage tensors that move once they are made
    line: Timeline
    packing: Packing
    unit: int  # bytes

    @property
    def rank(self) -> tuple[int, int]:
        return self.packing.arena_bytes, len(self.line.actions)


class _Planner:
    def __init__(
        self,
        program: Program,
        scratch: Callable[[Call], int],
        align: int,
        seconds: float,
        inplace: bool,
        apart: bool,
    ) -> None:
        self.program, self.scratch, self.align = program, scratch, align
        self.seconds, self.inplace, self.apart = seconds, inplace, apart
        self.variables = {
            program.storage(i)
            for i, tensor in enumerate(program.graph.tensors)
            if tensor.is_variable and tensor.data is None
        }
        lanes = {math.lcm(align, call.lanes) for call in program.calls if call.lanes}
        coarse = max((unit for unit in lanes if align < unit <= _COARSEST), default=align)
        self.units = (align,) if coarse == align else (align, coarse)

    def candidate(
        self,
        stages: Sequence[Stage],
        moved: Collection[int] = (),
        enough: int = 0,
        unit: int = 0,
    ) -> _Candidate:
        """These stages, packed at multiples of `unit` bytes (by default the alignment); `enough`
        bytes need not be improved."""
        unit = unit or self.align
        actions: list[Action] = []
        for stage in stages:
            actions += order(self.program, stage)
            output = self.program.storage(self.program.calls[stage.last].output.tensor)
            if output in moved:
                actions.append(Rehome(output))
        line = timeline(
            self.program,
            actions,
            self.scratch,
            lines=line_buffers(self.program, stages),
            inplace=self.inplace,
            unit=unit,
        )
        packing = pack(line, unit, self.seconds, enough, self.state(line))
        if unit != self.align:
            packing = self.as_aligned(packing, line)
        return _Candidate(stages, frozenset(moved), line, packing, unit)

    def state(self, line: Timeline) -> list[int]:
        """The buffers that lie apart from all others."""
        return [i for i, b in enumerate(line.buffers) if self.apart and b.tensor in self.variables]

    def divided(self, found: _Candidate, memories: tuple[int, int]) -> Packing | None:
        """A packing into two memories; None if there is none."""
        state = self.state(found.line)
        return split(self.program, found.line, memories, found.unit, self.seconds, state)

    def as_aligned(self, packing: Packing, line: Timeline) -> Packing:
        """A packing at multiples of a larger unit, which proves nothing of others."""
        ends = [at + int(line.sizes[buffer]) for buffer, at in packing.offsets.items()]
        arena, bound = (
            -(-size // self.align) * self.align
            for size in (max(ends, default=0), int(line.load().max(initial=0)))
        )
        return replace(packing, arena_bytes=arena, lower_bound_bytes=bound, optimal=arena <= bound)

    def smallest(self, stages: Sequence[Stage], enough: int) -> _Candidate:
        """The best candidate with these stages: moves and units that make the arena smaller."""
        found = [self.with_moves(self.candidate(stages, unit=u), enough) for u in self.units]
        return min(found, key=lambda c: c.rank)

    def with_moves(self, plain: _Candidate, enough: int) -> _Candidate:
        """The same with tensors that move once they are made, if that makes the arena smaller.

        Each output slides down over its input; a move takes it up again. Moves without which the
        arena is as small, or not larger than `enough` bytes, are left out."""
        if plain.packing.arena_bytes <= max(plain.packing.lower_bound_bytes, enough):
            return plain
        outputs = {
            self.program.storage(self.program.calls[s.last].output.tensor): None
            for s in plain.stages[:-1]
            if s.first >= self.program.resets
        }
        made = {tensor: None for tensor in outputs if tensor not in self.variables}
        best = self.candidate(plain.stages, made, enough, plain.unit)
        if best.packing.arena_bytes >= plain.packing.arena_bytes:
            return plain
        groups = [list(made)]
        while groups:
            group = groups.pop()
            reached = max(enough, best.packing.arena_bytes)
            fewer = self.candidate(plain.stages, best.moved - {*group}, reached, plain.unit)
            if fewer.packing.arena_bytes <= reached:
                best = fewer
            elif len(group) > 1:
                groups += [group[: len(group) // 2], group[len(group) // 2 :]]
        return best


def plan(
    program: Program,
    scratch: Callable[[Call], int],
    *,
    goal: Goal = SMALLEST,
    align: int = 4,
    seconds: float = 5.0,
    progress: Callable[[float], None] | None = None,
    inplace: bool = True,
    apart: bool = False,
    search: bool = True,
) -> Plan:
    """The best memory plan that is found for a goal, in the file's order of execution or another.

    `scratch` gives a call's scratch bytes, `align` is bytes, `progress` gets 0..1. Without
    `inplace` no row of an output takes the place of the same row of an input. With `apart` the
    arena begins with the variables, whose bytes serve nothing else: the rest may then be shared
    with other models. Without `search` the order of execution is the file's.
    Raises PlanError for a tensor that is read but never written."""
    tell = progress or (lambda share: None)

    def planned(which: Program, begin: float, end: float) -> Plan:
        planner = _Planner(which, scratch, align, seconds / 10, inplace, apart)
        return _planned(planner, goal, lambda share: tell(begin + (end - begin) * share))

    def rank(each: Plan) -> tuple[int, int, int]:
        if goal.limit and each.arena_bytes <= goal.limit:
            return 0, len(each.steps), each.arena_bytes
        if each.fast_bytes:
            return 1, each.arena_bytes - each.fast_bytes, len(each.steps)
        return 2, each.arena_bytes, len(each.steps)

    if not search:
        return planned(program, 0.0, 1.0)
    found = best_order(program, scratch)
    own = planned(program, 0.0, 0.5 if found.changed else 1.0)
    best = replace(own, order=found.kept)
    if found.changed and rank(own) > (0, len(program.calls), goal.limit or 0):
        other = replace(planned(found.of(program), 0.5, 1.0), order=found)
        best = min(best, other, key=rank)
    tell(1.0)
    return best


def _planned(planner: _Planner, goal: Goal, tell: Callable[[float], None]) -> Plan:
    """The best plan that is found for a goal in one order of execution."""
    program, limit = planner.program, goal.limit
    stages = layers(program)
    plain = min((planner.candidate(stages, unit=u) for u in planner.units), key=lambda c: c.rank)
    best = plain
    fits = bool(limit and plain.packing.arena_bytes <= limit)
    # Where steps run more or less than once, rows are not made apart and nothing moves.
    if goal.memory != "fast" and not fits and not has_jumps(program):
        best = _smaller(planner, plain, limit or 0, tell)
    if goal.memories and best.packing.arena_bytes > goal.memories[0]:
        for each in (plain, best) if limit else (best,):
            divided = planner.divided(each, goal.memories)
            if divided is not None:
                return make_steps(program, each.line, divided)
    return make_steps(program, best.line, best.packing)


def _smaller(
    planner: _Planner, plain: _Candidate, limit: int, tell: Callable[[float], None]
) -> _Candidate:
    """The first candidate, the fast ones first, within the limit; else the smallest of all, or one
    that is hardly larger and has fewer steps."""
    tell(0.1)
    candidates = [planner.smallest(plain.stages, limit)]
    if limit and candidates[0].packing.arena_bytes <= limit:
        return candidates[0]
    cutter = Cutter(planner.program, planner.scratch)
    least = cutter.smallest()
    tell(0.5)
    aims = [(max(int(least * slack), least), tight) for slack in _SLACK for tight in (False, True)]
    if limit:
        shares = (limit * k // 20 for k in range(20, 9, -1))
        aims = [(aim, False) for aim in shares if aim > least] + aims[:2]
    tried = {tuple(plain.stages)}
    for number, (aim, tight) in enumerate(aims):
        stages = cutter.cheapest(aim, tight)
        if stages is None or tuple(stages) in tried:
            continue
        tried.add(tuple(stages))
        found = planner.smallest(stages, limit)
        candidates.append(found)
        tell(0.5 + 0.5 * (number + 1) / len(aims))
        if limit and found.packing.arena_bytes <= limit:
            return found
    least = min(c.packing.arena_bytes for c in candidates)
    near = [c for c in candidates if c.packing.arena_bytes <= _NEAR * least]
    return min(near, key=lambda c: (len(c.line.actions), c.packing.arena_bytes))
