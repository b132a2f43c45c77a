# SPDX-License-Identifier: Apache-2.0
"""Branch and bound for one section: does a packing of a given height exist?

The search only makes packings in which every buffer lies at 0 or directly on another one, and it
places buffers by rising offset (equal offsets: by rising index). If there is a packing, then the
one with the smallest sum of offsets, identical buffers by rising index, is of this kind; all
pruning below keeps that one. The idea of canonical solutions, of dominance and of looking at what
is left above each step's floor is MiniMalloc's (Moffitt, ASPLOS 2023, doi 10.1145/3623278.3624752).

A node of the search is nothing but a lower bound of the offset of each buffer that is not placed,
and whether something placed supports the buffer there. Nodes that failed are remembered."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from edgeinfer.plan.buffers import Buffer

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_FAR = 1 << 40  # above every offset
_MEMORY = 64 << 20  # bytes of remembered nodes
MAX_BUFFERS = 600  # the search recurses once for each buffer


class Exhausted(Exception):
    """The node budget or the time is used up; nothing is known."""


class Section:
    """Buffers of which none can be separated in time from the others; sizes in any unit."""

    def __init__(self, buffers: Sequence[Buffer]) -> None:
        self.where = sorted(range(len(buffers)), key=lambda i: (buffers[i].first, i))
        self.buffers = [buffers[i] for i in self.where]
        self.size = np.array([b.size for b in self.buffers], np.int64)
        starts = sorted({b.first for b in self.buffers})
        self.first = np.searchsorted(starts, [b.first for b in self.buffers])
        self.last = np.searchsorted(starts, [b.last for b in self.buffers], "right") - 1
        self.over: Bools = (self.first[:, None] <= self.last) & (self.first <= self.last[:, None])
        np.fill_diagonal(self.over, False)
        n = len(self.buffers)
        rows = [np.flatnonzero((self.first <= t) & (t <= self.last)) for t in range(len(starts))]
        self.slots = np.full((len(starts), max(map(len, rows))), n, np.int64)
        for t, row in enumerate(rows):
            self.slots[t, : len(row)] = row
        self.twin = np.full(n, -1, np.int64)  # the previous buffer with the same life and size
        seen: dict[tuple[int, int, int], int] = {}
        for i in range(n):
            key = (int(self.first[i]), int(self.last[i]), int(self.size[i]))
            self.twin[i] = seen.get(key, -1)
            seen[key] = i
        self.lower = max(int(self.size[row].sum()) for row in rows)

    def ranks(self) -> list[Ints]:
        """Preferences among buffers of one offset: crowded steps, long lives, big sizes first."""
        load = np.append(self.size, 0)[self.slots].sum(axis=1)
        crowd = np.array(
            [load[f : e + 1].max() for f, e in zip(self.first, self.last, strict=True)]
        )
        length = self.last - self.first + 1
        keys = [
            (self.size, length, crowd),
            (length, self.size, crowd),
            (self.size * length, crowd),
            (length, self.size * length),
        ]
        return [np.argsort(np.lexsort(tuple(-k for k in key))) for key in keys]


class Search:
    """The question for one height; what failed stays known from one try to the next."""

    def __init__(self, section: Section, height: int, deadline: float) -> None:
        self.section, self.height, self.deadline = section, height, deadline
        self.offsets = np.zeros(len(section.buffers), np.int64)
        self.failed: set[bytes] = set()
        self.memory = 0
        self.nodes = self.limit = 0
        self.tick: Callable[[int], None] = lambda nodes: None

    def run(self, rank: Ints, limit: int) -> bool:
        """Whether a packing exists; if so, `offsets` has it, in the order of section.buffers.

        `rank` is the order in which to try. Raises Exhausted after `limit` nodes."""
        self.nodes, self.limit, self.rank = 0, limit, rank
        count = len(self.section.buffers)
        self.left = np.ones(count, np.bool_)
        everything = np.arange(count)
        low, held = np.zeros(count, np.int64), np.ones(count, np.bool_)
        return self._fits(everything, low) and self._branch(everything, low, held)

    def _branch(self, todo: Ints, low: Ints, held: Bools) -> bool:
        """Place the buffers `todo` at offsets >= low; those not `held` lie on others of them."""
        if len(todo) == 1:
            self.offsets[todo[0]] = low[0]
            return bool(held[0])
        key = todo.astype(np.int16).tobytes() + (low * 2 + held).tobytes()
        if key in self.failed:
            return False
        self._count()
        size = self.section.size[todo]
        # A buffer is not placed where another, still to come, would fit entirely below.
        open_ = np.flatnonzero(held & (low < (low + size).min()))
        self.left[todo] = True
        twins = self.section.twin[todo[open_]]
        open_ = open_[(twins < 0) | ~self.left[twins]]
        for at in open_[np.lexsort((self.rank[todo[open_]], low[open_]))]:
            self.offsets[todo[at]] = low[at]
            if self._descend(todo, low, held, int(at)):
                return True
            self.left[todo] = True
        if self.memory < _MEMORY:
            self.failed.add(key)
            self.memory += len(key) + 80
        return False

    def _descend(self, todo: Ints, low: Ints, held: Bools, at: int) -> bool:
        buffer, offset = int(todo[at]), int(low[at])
        top = offset + int(self.section.size[buffer])
        rest, before = np.delete(todo, at), np.delete(low, at)
        over = self.section.over[buffer, rest]
        # What was passed over can come neither lower nor, with a smaller index, as low.
        after = np.maximum(before, np.where(over, top, offset + (rest < buffer)))
        stands = np.where(after > before, over, np.delete(held, at) | (over & (before == top)))
        if not self._support(rest, after, stands) or not self._fits(rest, after):
            return False
        self.left[buffer] = False
        first, last = self.section.first[rest], np.maximum.accumulate(self.section.last[rest])
        cuts = np.flatnonzero(first[1:] > last[:-1]) + 1
        start = 0
        for stop in (*cuts, len(rest)):
            part = slice(start, stop)
            if not self._branch(rest[part], after[part], stands[part]):
                return False
            start = stop
        return True

    def _support(self, todo: Ints, low: Ints, held: Bools) -> bool:
        """Raise what hangs in the air to the lowest top that may come to lie below it."""
        loose = np.flatnonzero(~held)
        if len(loose):
            over = self.section.over[np.ix_(todo[loose], todo)]
            tops = np.where(over, low + self.section.size[todo], _FAR).min(axis=1)
            low[loose] = np.maximum(low[loose], tops)
        return bool((low + self.section.size[todo]).max() <= self.height)

    def _fits(self, todo: Ints, low: Ints) -> bool:
        """Whether at each step the buffers, stacked by rising lower bound, stay below the top."""
        count = len(self.section.buffers)
        packed = np.zeros(count + 1, np.int64)
        packed[todo] = (low << 32) | self.section.size[todo]
        slots = self.section.slots[self.section.first[todo[0]] : self.section.last[todo].max() + 1]
        stack = np.sort(packed[slots], axis=1)[:, ::-1]
        above = np.cumsum(stack & 0xFFFFFFFF, axis=1)
        return bool(((stack >> 32) + above).max() <= self.height)

    def _count(self) -> None:
        self.nodes += 1
        if self.nodes > self.limit:
            raise Exhausted
        if self.nodes % 64 == 0:
            self.tick(64)
            if time.monotonic() > self.deadline:
                raise Exhausted
