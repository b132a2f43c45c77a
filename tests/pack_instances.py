# SPDX-License-Identifier: Apache-2.0
"""Packing problems with a known perfect packing: a rectangle of time and address, cut up."""

from __future__ import annotations

import random
from collections.abc import Sequence

from edgeinfer.plan import Buffer
from edgeinfer.plan.greedy import height, orders, place
from edgeinfer.plan.section import sections

CAPACITY = 1 << 20  # bytes

HARD = (1.25, 1.41)  # what best-fit greedy orders need of the capacity
DENSITIES = (0.25, 0.5, 1, 2)  # steps for each buffer

Part = tuple[int, int, int, int]  # first step, last step + 1, first byte, last byte + 1


def perfect(
    count: int, seed: int, steps: int | None = None, capacity: int = CAPACITY
) -> list[Buffer]:
    """`count` buffers that fill `capacity` bytes at each of `steps` steps, in random order.

    Cuts are guillotine cuts (in time or in address) and pinwheels of five, which are none. Larger
    parts are cut earlier, and sizes are not round."""
    rng = random.Random(f"perfect {count} {seed} {steps} {capacity}")
    steps = steps or count // 2
    parts: list[Part] = [(0, steps, 0, capacity)]
    while len(parts) < count:
        areas = [(r[1] - r[0]) * (r[3] - r[2]) * rng.random() for r in parts]
        part = parts.pop(areas.index(max(areas)))
        pieces = None
        if rng.random() < 0.4 and len(parts) + 5 <= count:
            pieces = _pinwheel(part, rng)
        parts += pieces or _halves(part, rng)
    rng.shuffle(parts)
    return [Buffer(i, y1 - y0, t0, t1 - 1) for i, (t0, t1, y0, y1) in enumerate(parts)]


def hard(count: int, number: int, density: float = 0.5) -> list[Buffer]:
    """A perfect packing that greedy orders miss as much as they do MiniMalloc's challenging ones,
    with so many steps for each buffer."""
    steps = int(count * density)
    return next(
        found
        for attempt in range(1000)
        if HARD[0] <= best_fit(found := perfect(count, 1000 * number + attempt, steps)) <= HARD[1]
    )


def best_fit(buffers: Sequence[Buffer]) -> float:
    """The arena of the best best-fit order, in units of the lower bound."""
    parts = sections(buffers, 1, {})
    arena = max(
        min(height(place(part, order, True), part.buffers) for order in orders(part))
        for part in parts
    )
    return arena / max(part.lower for part in parts)


def _halves(part: Part, rng: random.Random) -> list[Part]:
    t0, t1, y0, y1 = part
    if t1 - t0 > 1 and (rng.random() < 0.5 or y1 - y0 < 2):
        t = rng.randrange(t0 + 1, t1)
        return [(t0, t, y0, y1), (t, t1, y0, y1)]
    if y1 - y0 < 2:
        return [part]
    y = rng.randrange(y0 + 1, y1)
    return [(t0, t1, y0, y), (t0, t1, y, y1)]


def _pinwheel(part: Part, rng: random.Random) -> list[Part] | None:
    """Four rectangles around one in the middle, to the left or to the right."""
    t0, t1, y0, y1 = part
    if t1 - t0 < 3 or y1 - y0 < 3:
        return None
    a, b = sorted(rng.sample(range(t0 + 1, t1), 2))
    c, d = sorted(rng.sample(range(y0 + 1, y1), 2))
    if rng.random() < 0.5:
        return [(t0, b, y0, c), (b, t1, y0, d), (a, t1, d, y1), (t0, a, c, y1), (a, b, c, d)]
    return [(t0, a, y0, d), (a, t1, y0, c), (b, t1, c, y1), (t0, b, d, y1), (a, b, c, d)]


def holed(count: int, seed: int, steps: int | None = None, share: float = 0.1) -> list[Buffer]:
    """A perfect packing of which some buffers end early or start late; some step stays full."""
    rng = random.Random(f"holed {count} {seed} {steps} {share}")
    found = perfect(count, seed, steps)
    end = max(b.last for b in found)
    full = rng.randrange(end + 1)
    for i, b in enumerate(found):
        if rng.random() < share and not b.first <= full <= b.last and b.last > b.first:
            cut = rng.randint(b.first, b.last - 1)
            span = (b.first, cut) if rng.random() < 0.5 else (cut + 1, b.last)
            found[i] = Buffer(b.id, b.size, *span)
    return found
