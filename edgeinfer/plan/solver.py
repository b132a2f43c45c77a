# SPDX-License-Identifier: Apache-2.0
"""The smallest arena for buffers with lifetimes: bounds, quick packings, exact search, proof.

Which pairs of buffers may lie how is said in `edgeinfer.plan.section`: by default those that are
live together do not overlap, and `distances` allow or forbid more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeinfer.errors import PlanError
from edgeinfer.plan.buffers import Buffer
from edgeinfer.plan.greedy import greedy, height
from edgeinfer.plan.search import Problem, Search, luby, priorities
from edgeinfer.plan.section import FAR, Distances, Section, sections

# A busy core reaches this many with 454 buffers, twice as many with 154. The time limit is the
# exception, so results are reproducible.
NODES_PER_SECOND = 20_000
_MOST_CONFLICTS = 1 << 21  # beyond, there are only quick packings
_SLICE = 1_000  # nodes between looks at the clock
_RUN = 1_000  # nodes of the shortest run between restarts
_PLAIN = 4  # runs without chance
_NOISE = 10  # in the others, one of so many choices is by chance


@dataclass(frozen=True)
class Packing:
    """Where each buffer lies."""

    offsets: dict[int, int]  # Buffer.id → bytes from the start of the arena, aligned
    arena_bytes: int  # a multiple of the alignment
    lower_bound_bytes: int  # what is needed at the fullest step, each buffer rounded up
    optimal: bool  # whether no smaller arena is possible
    proven_bytes: int = 0  # no arena is smaller than this; >= lower_bound_bytes
    nodes: int = 0  # of the search
    state_bytes: int = 0  # at the start of the arena, of buffers that lie apart from all others
    fast_bytes: int = 0  # from here on the arena is meant for slower memory; 0: none of it

    def fits(self, capacity: int) -> bool | None:
        """Whether `capacity` bytes are enough; None if it is not known."""
        if self.arena_bytes <= capacity:
            return True
        return False if self.proven_bytes > capacity else None


class _Budget:
    """Nodes and seconds that are left, and the caller's progress bar."""

    def __init__(
        self,
        seconds: float,
        nodes: int | None,
        progress: Callable[[float], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self.clock, self.start = clock, clock()
        self.seconds = seconds
        self.total = max(int(seconds * NODES_PER_SECOND), 1) if nodes is None else nodes
        self.used = 0
        self.progress = progress

    def spend(self, nodes: int) -> None:
        self.used += nodes
        if self.progress:
            self.progress(self.share)

    @property
    def share(self) -> float:
        """How much is used, 0..1."""
        elapsed = self.clock() - self.start
        return min(1.0, max(self.used / self.total, elapsed / self.seconds if self.seconds else 1))

    @property
    def spent(self) -> bool:
        return self.share >= 1.0


def solve(
    buffers: Sequence[Buffer],
    align: int = 4,
    capacity: int | None = None,
    seconds: float = 5.0,
    progress: Callable[[float], None] | None = None,
    distances: Distances | None = None,
    nodes: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Packing:
    """The smallest arena found that holds all buffers, without overlap of those live together.

    `align` and `capacity` are bytes. `distances[a, b]` is by how many bytes buffer b starts at
    least above the start of a, if it is the upper of the two; see `edgeinfer.plan.section`. A
    packing that fits `capacity` is looked for first, then the smallest. `progress` gets the share
    of the budget that is used: `nodes` of the search or the seconds of `clock`, what ends first. By
    default there are so few nodes that the result is the same on every machine.
    Raises PlanError if no packing is found that respects the distances."""
    budget = _Budget(seconds, nodes, progress, clock)
    offsets = {b.id: 0 for b in buffers}
    parts = sorted(sections(buffers, align, distances or {}), key=lambda s: -s.lower)
    lower = max((s.lower for s in parts), default=0)
    reached = proven = lower
    aim = None if capacity is None else capacity // align
    for section in parts:
        found, size, bound = _minimize(section, reached, aim, budget)
        reached, proven = max(reached, size), max(proven, bound)
        offsets |= {b.id: int(o) * align for b, o in zip(section.buffers, found, strict=True)}
    if progress:
        progress(1.0)
    return Packing(
        offsets, reached * align, lower * align, reached == proven, proven * align, budget.used
    )


def _minimize(
    section: Section, floor: int, capacity: int | None, budget: _Budget
) -> tuple[list[int], int, int]:
    """Offsets, their height, and a proven lower bound of it that ignores heights below `floor`."""
    best = greedy(section, floor)
    size = height(best, section.buffers)
    if size <= floor or sum(map(len, section.near)) > _MOST_CONFLICTS:
        return _possible(best, size), size, section.lower
    unit = _unit(section)
    if size >= FAR:  # the quick orders found none; any packing is a start
        size = unit + sum(
            max(b.size, *(n.above for n in near if n.above != FAR), 0)
            for b, near in zip(section.buffers, section.near, strict=True)
        )
    low = start = -(-max(section.lower, floor) // unit) * unit
    aim = low
    if capacity is not None and low < capacity // unit * unit < size:
        aim = capacity // unit * unit
    problem = Problem(section)
    while low < size and not budget.spent:
        answer, found = _attempt(problem, aim, budget)
        if found is not None:
            best, size, aim = found, height(found, section.buffers), low
        elif answer is False:
            low = aim + unit
            aim = max(low, min((low + size) // 2 // unit * unit, size - unit))
        elif aim >= size - unit:
            break
        else:
            aim = min((aim + size) // 2 // unit * unit + unit, size - unit)
    return (
        _possible(best, height(best, section.buffers)),
        size,
        low if low > start else section.lower,
    )


def _unit(section: Section) -> int:
    """The common divisor of sizes and distances.

    Buffers that lie on each other make only heights that are multiples of it."""
    return math.gcd(
        *(b.size for b in section.buffers),
        *(n.above for i in section.odd for n in section.near[i] if n.above != FAR),
    )


def _attempt(problem: Problem, aim: int, budget: _Budget) -> tuple[bool | None, list[int] | None]:
    """Whether there is a packing of height `aim` at most, and it.

    Tries many preferences in turn, with runs of different lengths: one often hits at once where
    others are lost. Gives up, with None, after half of the remaining budget."""
    search = Search(problem, aim)
    stop = (1 + budget.share) / 2
    for number, length in enumerate(luby()):
        plain = number < _PLAIN
        search.restart(priorities(problem.section, number), 0 if plain else _NOISE, number)
        left = length * _RUN
        while left > 0:
            before = search.nodes
            answer = search.run(min(left, _SLICE))
            budget.spend(search.nodes - before)
            if answer:
                return True, search.offsets()
            if answer is False:
                return (False if problem.exact else None), None
            if budget.spent or budget.share >= stop:
                return None, None
            left -= _SLICE
    return None, None  # not reached: luby() has no end


def _possible(offsets: list[int], size: int) -> list[int]:
    if size >= FAR:
        raise PlanError(
            "No packing was found in which all distances between buffers are kept.",
            "Allow the planner more seconds, or fewer restrictions.",
        )
    return offsets
