# SPDX-License-Identifier: Apache-2.0
"""Timeline → where its buffers lie: the exact solver, and chance where that runs out of time."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from edgeinfer.plan.buffers import Buffer
from edgeinfer.plan.greedy import height, place
from edgeinfer.plan.section import Distances, sections
from edgeinfer.plan.solver import Packing, solve
from edgeinfer.plan.timeline import Timeline

_TRIES = 300  # orders in which buffers are placed one by one
PART_ALIGN = 16  # bytes: what a part of the arena begins at (EI_ARENA_ALIGN)


def pack(
    line: Timeline,
    align: int,
    seconds: float = 2.0,
    enough: int = 0,
    apart: Sequence[int] = (),
    without: Collection[int] = (),
) -> Packing:
    """The smallest arena found for the buffers of a timeline; ids are their positions.

    `align` is bytes; an arena of `enough` bytes need not be improved. The lower bound is what is
    alive at the fullest instant. Buffers `apart` lie at the start of the arena, and nothing else is
    there at any time. Buffers `without` get no place.
    Raises PlanError if no packing is found."""
    state, below = {}, 0
    for i in apart:
        state[i] = below
        below += -(-int(line.sizes[i]) // align) * align
    below = -(-below // PART_ALIGN) * PART_ALIGN
    found = _pack_others(line, align, seconds, max(enough - below, 0), {*apart, *without})
    return replace(
        found,
        offsets=state | {i: at + below for i, at in found.offsets.items()},
        arena_bytes=found.arena_bytes + below,
        lower_bound_bytes=found.lower_bound_bytes + below,
        proven_bytes=found.proven_bytes + below,
        state_bytes=below,
    )


def _pack_others(
    line: Timeline, align: int, seconds: float, enough: int, apart: Collection[int]
) -> Packing:
    """The packing of all buffers but some, as if those did not exist."""
    sizes, gaps = line.sizes, line.distances()
    alive = line.hi > line.lo
    buffers, distances = [], {}
    for i in range(len(sizes)):
        if i in apart:
            continue
        times = np.flatnonzero(alive[i])
        if len(times):
            buffers.append(Buffer(i, int(sizes[i]), int(times[0]), int(times[-1])))
    for a in buffers:
        for b in buffers:
            if a.id != b.id and a.first <= b.last and b.first <= a.last:
                distances[a.id, b.id] = int(gaps[a.id, b.id])
    bound = -(-int(line.load(apart).max(initial=0)) // align) * align
    found = solve(buffers, align, enough or None, seconds, distances=distances)
    proven = max(found.proven_bytes, bound)
    if found.arena_bytes > max(proven, enough):
        offsets, arena = _by_chance(buffers, distances, align, max(proven, enough))
        if arena < found.arena_bytes:
            found = replace(found, offsets=found.offsets | offsets, arena_bytes=arena)
    optimal = found.arena_bytes <= proven
    return replace(found, lower_bound_bytes=bound, proven_bytes=proven, optimal=optimal)


def _by_chance(
    buffers: Sequence[Buffer], distances: Distances, align: int, enough: int
) -> tuple[dict[int, int], int]:
    """Places buffers one by one at the lowest possible offset, in orders that get better."""
    rng = random.Random(1)
    offsets: dict[int, int] = {}
    arena = 0
    for section in sections(buffers, align, distances):
        order = sorted(range(len(section.buffers)), key=lambda i: -section.buffers[i].size)
        best = place(section, order, best_fit=False)
        for _ in range(_TRIES):
            if height(best, section.buffers) * align <= enough:
                break
            other = list(order)
            other.insert(rng.randrange(len(order)), other.pop(rng.randrange(len(order))))
            found = place(section, other, best_fit=False)
            if height(found, section.buffers) <= height(best, section.buffers):
                order, best = other, found
        arena = max(arena, height(best, section.buffers) * align)
        offsets |= {b.id: o * align for b, o in zip(section.buffers, best, strict=True)}
    return offsets, arena
