# SPDX-License-Identifier: Apache-2.0
"""The exact search for one section: does a packing of a given height exist? In C: packer/.

The search places buffers by rising offset, which needs all distances to be 1 at the least. Where
they are not, it works on places shifted by a constant for each buffer, such that they are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeinfer.native import extension
from edgeinfer.plan.section import Section

Ints = npt.NDArray[np.int64]

_TABLE_BITS = 12  # of the table of failed nodes, 16 bytes each; more for more buffers


def _library() -> tuple[Any, Any]:
    return extension("edgeinfer._packer")


class Problem:
    """A section as the C code wants it. `exact` is false if it forbids more than the section."""

    def __init__(self, section: Section) -> None:
        ffi, _ = _library()
        self.section = section
        self.shift, self.exact = _shift(section)
        self._alive: list[Any] = []
        count = len(section.buffers)
        starts = np.cumsum([0, *(len(each) for each in section.near)])
        near = [n for each in section.near for n in each]
        own = np.repeat(np.arange(count), np.diff(starts))
        other = np.array([n.other for n in near], np.int64)
        moved = self.shift[other] - self.shift[own] if near else other
        above = np.maximum(np.array([n.above for n in near], np.int64) + moved, 1)
        below = np.maximum(np.array([n.below for n in near], np.int64) - moved, 1)
        top = np.array([b.size for b in section.buffers], np.int64) - self.shift
        slots, weights = self._incidence(top, own, other, above)
        p = self.pointer = ffi.new("packer_problem *")
        p.buffers, p.slots = count, len(section.slots)
        p.timeline = 0 if section.odd else len(section.slots)
        p.base, p.top = self._array(self.shift, "int64_t"), self._array(top, "int64_t")
        p.twin = self._array(_twins(section, self.shift), "int32_t")
        p.near_start, p.near = self._array(starts, "int32_t"), self._array(other, "int32_t")
        p.above, p.below = self._array(above, "int64_t"), self._array(below, "int64_t")
        p.in_start = self._array(np.cumsum([0, *map(len, slots)]), "int32_t")
        setattr(p, "in", self._array([t for each in slots for t in each], "int32_t"))
        p.weight = self._array([w for each in weights for w in each], "int64_t")
        p.slot_start = self._array(np.cumsum([0, *map(len, section.slots)]), "int32_t")
        p.member = self._array([i for slot in section.slots for i in slot], "int32_t")

    def _incidence(
        self, top: Ints, own: Ints, other: Ints, above: Ints
    ) -> tuple[list[list[int]], list[list[int]]]:
        """For each buffer its slots, and what it adds to the height there."""
        section = self.section
        gap = dict(zip(zip(own.tolist(), other.tolist(), strict=True), above.tolist(), strict=True))
        plain = not self.shift.any()
        slots: list[list[int]] = [[] for _ in section.buffers]
        weights: list[list[int]] = [[] for _ in section.buffers]
        for t, slot in enumerate(section.slots):
            for i in slot:
                weight = int(top[i])
                if not plain or i in section.odd:
                    weight = min([weight, *(gap[i, k] for k in slot if k != i)])
                slots[i].append(t)
                weights[i].append(weight)
        return slots, weights

    def _array(self, values: Any, kind: str) -> Any:
        ffi, _ = _library()
        data = np.ascontiguousarray(values, kind.removesuffix("_t"))
        self._alive.append(data)
        return ffi.from_buffer(f"{kind}[]", data) if data.size else ffi.NULL


def _shift(section: Section) -> tuple[Ints, bool]:
    """Constants <= 0 that, added to offsets, make all distances positive; whether there are such.

    Bellman and Ford's algorithm; the constants are all 0 where distances are positive anyway."""
    count = len(section.buffers)
    shift = np.zeros(count, np.int64)
    if all(n.above >= 1 for each in section.near for n in each):
        return shift, True
    for _ in range(count + 1):
        before = shift.copy()
        for i, each in enumerate(section.near):
            for n in each:
                shift[i] = min(shift[i], shift[n.other] + n.above - 1)
        if (shift == before).all():
            return shift, True
    return np.zeros(count, np.int64), False


def _twins(section: Section, shift: Ints) -> Ints:
    """For each buffer the previous one that is exactly like it, or -1."""
    found = np.full(len(section.buffers), -1, np.int64)
    seen: dict[tuple[int, int, int], int] = {}
    if shift.any():
        return found
    for i, b in enumerate(section.buffers):
        if i not in section.odd:
            found[i] = seen.get((b.first, b.last, b.size), -1)
            seen[b.first, b.last, b.size] = i
    return found


class Search:
    """The question for one height. What was proven impossible stays known over all restarts."""

    def __init__(self, problem: Problem, height: int) -> None:
        ffi, lib = _library()
        self.problem = problem
        bits = min(_TABLE_BITS + len(problem.section.buffers).bit_length(), 22)
        size = lib.packer_bytes(problem.pointer, bits)
        self._memory = np.empty(size // 8 + 1, np.int64)
        self._search = lib.packer_start(
            ffi.from_buffer(self._memory), problem.pointer, bits, height
        )
        self._rank: Any = None

    def restart(self, priorities: Sequence[float], noise: int, seed: int) -> None:
        """Begin anew: buffers of higher priority first, one of `noise` choices by chance."""
        ffi, lib = _library()
        order = np.lexsort((np.arange(len(priorities)), -np.asarray(priorities)))
        self._rank = np.empty(len(priorities), np.int32)
        self._rank[order] = np.arange(len(priorities))
        lib.packer_restart(self._search, ffi.from_buffer("int32_t[]", self._rank), noise, seed)

    def run(self, nodes: int) -> bool | None:
        """Whether a packing exists; None after so many nodes without an answer.

        A `Problem` that is not exact can only be answered with True or None."""
        _, lib = _library()
        answer = lib.packer_run(self._search, nodes)
        if answer == lib.PACKER_FOUND:
            return True
        return False if answer == lib.PACKER_NONE else None

    @property
    def nodes(self) -> int:
        """Visited in all."""
        return int(_library()[1].packer_nodes(self._search))

    def offsets(self) -> list[int]:
        """The packing that was found."""
        ffi, lib = _library()
        places = np.empty(len(self.problem.section.buffers), np.int64)
        lib.packer_places(self._search, ffi.from_buffer("int64_t[]", places))
        found: list[int] = (places - self.problem.shift).tolist()
        return found


def priorities(section: Section, seed: int) -> list[float]:
    """What to place first, in many ways: big sizes, long lives, large areas, and mixtures."""
    rng = random.Random(seed)
    power = [(1, 0.1), (0.1, 1), (1, 1), (-0.1, 1)]
    size, length = (
        power[seed] if seed < len(power) else (rng.uniform(-0.5, 1), rng.uniform(-0.2, 1))
    )
    slots = [0] * len(section.buffers)
    for slot in section.slots:
        for i in slot:
            slots[i] += 1
    return [
        np.log(b.size) * size + np.log(max(1, count)) * length
        for b, count in zip(section.buffers, slots, strict=True)
    ]


def luby() -> Iterator[int]:
    """1, 1, 2, 1, 1, 2, 4, ...: run lengths for restarts (Luby, Sinclair and Zuckerman, 1993)."""
    u, v = 1, 1
    while True:
        yield v
        u, v = (u + 1, 1) if u & -u == v else (u, 2 * v)
