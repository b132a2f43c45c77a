# SPDX-License-Identifier: Apache-2.0
"""The smallest arena for a set of buffers, with a proof where time allows one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from edgeinfer.errors import PlanError
from edgeinfer.plan.buffers import Buffer
from edgeinfer.plan.greedy import greedy, height
from edgeinfer.plan.search import MAX_BUFFERS, Exhausted, Search, Section

# Slow machines reach this many; the time limit is the exception, so results are reproducible.
_NODES_PER_SECOND = 4000


@dataclass(frozen=True)
class Packing:
    """Where each buffer lies."""

    offsets: dict[int, int]  # Buffer.id → bytes from the start of the arena, aligned
    arena_bytes: int  # a multiple of the alignment
    lower_bound_bytes: int  # what is live at the fullest step, each buffer rounded up
    optimal: bool  # whether no smaller arena is possible


class _Budget:
    """Nodes and seconds that are left, and the caller's progress bar."""

    def __init__(self, seconds: float, progress: Callable[[float], None] | None) -> None:
        self.deadline = time.monotonic() + seconds
        self.total = self.left = max(int(seconds * _NODES_PER_SECOND), 1)
        self.progress = progress

    def spend(self, nodes: int) -> None:
        self.left -= nodes
        if self.progress:
            self.progress(min(1.0, 1 - self.left / self.total))

    @property
    def spent(self) -> bool:
        return self.left <= 0 or time.monotonic() >= self.deadline


def solve(
    buffers: Sequence[Buffer],
    align: int = 4,
    capacity: int | None = None,
    seconds: float = 5.0,
    progress: Callable[[float], None] | None = None,
) -> Packing:
    """The smallest arena that holds all buffers without overlap of those live together.

    `align` and `capacity` are bytes; `progress` gets the share of the search budget that is used.
    The result is the same on every machine unless the time limit stops the search.
    Raises PlanError if the arena found is larger than `capacity`."""
    budget = _Budget(seconds, progress)
    offsets = {b.id: 0 for b in buffers}
    sections = sorted(_sections(buffers, align), key=lambda s: -s.lower)
    lower = max((s.lower for s in sections), default=0)
    reached = proven = lower
    for section in sections:
        found, size, bound = _minimize(section, reached, capacity, align, budget)
        reached, proven = max(reached, size), max(proven, bound)
        offsets |= {b.id: int(o) * align for b, o in zip(section.buffers, found, strict=True)}
    if progress:
        progress(1.0)
    if capacity is not None and reached * align > capacity:
        _refuse(reached * align, proven * align, capacity, seconds)
    return Packing(offsets, reached * align, lower * align, reached == proven)


def lower_bound(buffers: Sequence[Buffer], align: int = 4) -> int:
    """Bytes live at the fullest step, each buffer rounded up to `align` bytes."""
    return align * max((s.lower for s in _sections(buffers, align)), default=0)


def _sections(buffers: Sequence[Buffer], align: int) -> Iterator[Section]:
    """Groups of buffers that no other group's buffers meet in time; sizes in units of `align`."""
    group: list[Buffer] = []
    end = -1
    rounded = [replace(b, size=-(-b.size // align)) for b in buffers if b.size > 0]
    for buffer in sorted(rounded, key=lambda b: (b.first, b.id)):
        if group and buffer.first > end:
            yield Section(group)
            group = []
        end = max(end, buffer.last) if group else buffer.last
        group.append(buffer)
    if group:
        yield Section(group)


def _minimize(
    section: Section, floor: int, capacity: int | None, align: int, budget: _Budget
) -> tuple[list[int], int, int]:
    """Offsets, their height, and a proven lower bound of it that ignores heights below `floor`.

    All in units of `align`. Buffers that lie on each other make only heights that are multiples
    of the sizes' common divisor, so the search skips all others."""
    best = greedy(section.buffers, floor)
    size = height(best, section.buffers)
    if size <= floor or len(section.buffers) > MAX_BUFFERS:
        return best, size, section.lower
    unit = math.gcd(*(b.size for b in section.buffers))
    low = start = max(section.lower, floor // unit * unit)
    aim = low
    if capacity is not None and low < capacity // align // unit * unit < size:
        aim = capacity // align // unit * unit
    while low < size and not budget.spent:
        try:
            found = _attempt(section, aim, budget)
        except Exhausted:
            if aim >= size - unit:
                break
            aim = min((aim + size) // 2 // unit * unit + unit, size - unit)
            continue
        if found is None:
            low = aim + unit
            aim = max(low, min((low + size) // 2 // unit * unit, size - unit))
        else:
            best, size = found, height(found, section.buffers)
            aim = low
    return best, size, low if low > start else section.lower


def _attempt(section: Section, aim: int, budget: _Budget) -> list[int] | None:
    """A packing of height `aim` at most, or None if there is none.

    Tries several orders in turn with growing limits; one of them often hits where another is
    lost. Raises Exhausted after half of the remaining budget."""
    search = Search(section, aim, budget.deadline)
    search.tick = budget.spend
    ranks = section.ranks()
    stop = budget.left // 2
    limit = 4 * len(section.buffers)
    while not budget.spent and budget.left > stop:
        for rank in ranks:
            try:
                return search.offsets.tolist() if search.run(rank, limit) else None
            except Exhausted:
                if budget.spent:
                    raise
        limit *= 2
    raise Exhausted


def _refuse(reached: int, proven: int, capacity: int, seconds: float) -> None:
    if proven > capacity:
        raise PlanError(
            f"The activations need {proven} bytes at the least, {capacity} are available.",
            "Choose a board with more RAM, a smaller input, or fewer channels in the early layers.",
        )
    raise PlanError(
        f"The best arena found in {seconds:g} s has {reached} bytes, {capacity} are available.",
        "Allow the planner more seconds, or choose a board with more RAM.",
    )
