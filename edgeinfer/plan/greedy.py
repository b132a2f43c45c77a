# SPDX-License-Identifier: Apache-2.0
"""Quick packings: place buffers one by one, in several orders, each into the best gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edgeinfer.plan.buffers import Buffer
from edgeinfer.plan.section import Section


def place(section: Section, order: Sequence[int], best_fit: bool) -> list[int]:
    """Offsets, in the section's units, after placing the buffers (positions) in the given order.

    First fit takes the lowest gap that is wide enough, best fit the narrowest."""
    offsets = [-1] * len(section.buffers)
    for i in order:
        # Beside a placed buffer, offsets between these two, not included, are wrong.
        taken = sorted(
            (offsets[n.other] - n.above, offsets[n.other] + n.below)
            for n in section.near[i]
            if offsets[n.other] >= 0
        )
        cursor, choice, spare = 0, -1, -1
        for low, high in taken:
            if low >= cursor and (choice < 0 or (best_fit and low - cursor < spare)):
                choice, spare = cursor, low - cursor
            cursor = max(cursor, high)
        offsets[i] = choice if choice >= 0 else cursor
    return offsets


def height(offsets: Sequence[int], buffers: Sequence[Buffer]) -> int:
    """One past the highest unit used."""
    return max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)


def orders(section: Section) -> Iterator[list[int]]:
    """The orders that are worth a try: by size, area, lifetime, crowdedness and time."""
    load = [sum(section.buffers[i].size for i in slot) for slot in section.slots]
    crowd = [0] * len(section.buffers)
    for slot, total in zip(section.slots, load, strict=True):
        for i in slot:
            crowd[i] = max(crowd[i], total)

    def length(b: Buffer) -> int:
        return b.last - b.first + 1

    keys: list[Callable[[int, Buffer], tuple[int, ...]]] = [
        lambda i, b: (-b.size, -length(b)),
        lambda i, b: (-b.size * length(b), -b.size),
        lambda i, b: (-length(b), -b.size),
        lambda i, b: (-crowd[i], -length(b), -b.size),
        lambda i, b: (-crowd[i], -b.size, -length(b)),
        lambda i, b: (b.first, -b.last, -b.size),
        lambda i, b: (-b.last, b.first, -b.size),
    ]
    for key in keys:
        ranked = [(*key(i, b), i) for i, b in enumerate(section.buffers)]
        yield [entry[-1] for entry in sorted(ranked)]


def greedy(section: Section, enough: int) -> list[int]:
    """The best offsets over all orders and fits; stops at the first packing of height `enough`.

    If buffers may not lie above each other at all, it can be that the best is higher than FAR:
    then it is none."""
    best: list[int] = []
    for order in orders(section):
        for best_fit in (False, True):
            offsets = place(section, order, best_fit)
            if not best or height(offsets, section.buffers) < height(best, section.buffers):
                best = offsets
            if height(best, section.buffers) <= enough:
                return best
    return best
