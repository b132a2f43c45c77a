# SPDX-License-Identifier: Apache-2.0
"""Quick packings: place buffers one by one, in several orders, each into the best gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edgeinfer.plan.buffers import Buffer


def neighbours(buffers: Sequence[Buffer]) -> list[list[int]]:
    """For each buffer the positions of those that are live during a common step."""
    return [
        [j for j, b in enumerate(buffers) if b.first <= a.last and a.first <= b.last and a is not b]
        for a in buffers
    ]


def place(
    order: Sequence[int],
    buffers: Sequence[Buffer],
    near: Sequence[Sequence[int]],
    best_fit: bool,
) -> list[int]:
    """Offsets, in units of the sizes, after placing the buffers (positions) in the given order.

    `near` is what `neighbours` says. First fit takes the lowest gap that is wide enough, best fit
    the narrowest."""
    offsets = [-1] * len(buffers)
    for i in order:
        taken = sorted(
            (offsets[j], offsets[j] + buffers[j].size) for j in near[i] if offsets[j] >= 0
        )
        cursor, choice, width = 0, -1, -1
        for start, stop in taken:
            gap = start - cursor
            if gap >= buffers[i].size and (choice < 0 or (best_fit and gap < width)):
                choice, width = cursor, gap
            cursor = max(cursor, stop)
        offsets[i] = choice if choice >= 0 else cursor
    return offsets


def height(offsets: Sequence[int], buffers: Sequence[Buffer]) -> int:
    """One past the highest unit used."""
    return max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)


def orders(buffers: Sequence[Buffer]) -> Iterator[list[int]]:
    """The orders that are worth a try: by size, area, lifetime, crowdedness and time."""
    times = range(max((b.last for b in buffers), default=-1) + 1)
    load = [sum(b.size for b in buffers if b.first <= t <= b.last) for t in times]

    def length(b: Buffer) -> int:
        return b.last - b.first + 1

    def crowd(b: Buffer) -> int:
        return max(load[b.first : b.last + 1])

    keys: list[Callable[[Buffer], tuple[int, ...]]] = [
        lambda b: (-b.size, -length(b)),
        lambda b: (-b.size * length(b), -b.size),
        lambda b: (-length(b), -b.size),
        lambda b: (-crowd(b), -length(b), -b.size),
        lambda b: (-crowd(b), -b.size, -length(b)),
        lambda b: (b.first, -b.last, -b.size),
        lambda b: (-b.last, b.first, -b.size),
    ]
    for key in keys:
        yield sorted(range(len(buffers)), key=lambda i, k=key: (*k(buffers[i]), i))  # type: ignore[misc]


def greedy(buffers: Sequence[Buffer], enough: int) -> list[int]:
    """The best offsets over all orders and fits; stops at the first packing of height `enough`."""
    best: list[int] = []
    near = neighbours(buffers)
    for order in orders(buffers):
        for best_fit in (False, True):
            offsets = place(order, buffers, near, best_fit)
            if not best or height(offsets, buffers) < height(best, buffers):
                best = offsets
            if height(best, buffers) <= enough:
                return best
    return best
