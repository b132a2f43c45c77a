# SPDX-License-Identifier: Apache-2.0
"""Buffers and distances → the packing problem proper: sections, conflicts, slots, lower bound.

Two buffers that are live during a common step conflict: one of them lies above the other, by its
size at least. A distance says otherwise for a pair: `distances[a, b]` is how many bytes the start
of b lies at least above the start of a, if b is the one above. It may be larger or smaller than a's
size, zero or negative, and None forbids b above a. So a pair (a, b) is packed right when

    offset[b] - offset[a] >= distances[a, b]   or   offset[a] - offset[b] >= distances[b, a]

with a's or b's size where nothing is given. A pair of which one distance is given conflicts even if
it shares no step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edgeinfer.plan.buffers import Buffer

Distances = Mapping[tuple[int, int], int | None]

FAR = 1 << 44  # units; above every offset
_SMALL = 7  # buffers that are tried in all orders for the lower bound
_SLOTS = 20_000  # at most, so that strange distances cannot take all memory


@dataclass(frozen=True)
class Near:
    """A buffer that conflicts with the one whose list this stands in."""

    other: int  # position
    above: int  # units that the other lies at least above, if above
    below: int  # units that the other lies at least below, if below


@dataclass(frozen=True)
class Section:
    """Buffers that only meet each other. All sizes are in units of the alignment."""

    buffers: tuple[Buffer, ...]  # by rising first step
    near: tuple[tuple[Near, ...], ...]  # of each buffer, by position
    slots: tuple[tuple[int, ...], ...]  # groups in which all conflict; every conflict is in one
    odd: frozenset[int]  # positions of those for which distances are given
    lower: int = 0  # proven lower bound of the height

    def weights(self, slot: Sequence[int]) -> list[int]:
        """What each buffer of a slot adds to the height at the least, unless it is the highest."""
        members = set(slot)

        def least(i: int) -> int:
            if i not in self.odd:
                return self.buffers[i].size
            return max(0, min((n.above for n in self.near[i] if n.other in members), default=FAR))

        return [least(i) for i in slot]


def sections(buffers: Sequence[Buffer], align: int, distances: Distances) -> list[Section]:
    """The independent parts of the problem, in units of `align` bytes, by rising first step.

    Buffers of 0 bytes are left out."""
    solid = sorted(
        (replace(b, size=-(-b.size // align)) for b in buffers if b.size > 0),
        key=lambda b: (b.first, b.id),
    )
    special = _in_units(solid, align, distances)
    return [_section(part, special) for part in _parts(solid, special)]


def _in_units(
    buffers: Sequence[Buffer], align: int, distances: Distances
) -> dict[tuple[int, int], int]:
    size = {b.id: b.size for b in buffers}
    found = {}
    for a, b in distances:
        if a == b or a not in size or b not in size:
            continue
        for pair in ((a, b), (b, a)):
            given = distances.get(pair, size[pair[0]] * align)
            found[pair] = FAR if given is None else -(-given // align)
    return found


def _parts(buffers: Sequence[Buffer], special: Iterable[tuple[int, int]]) -> Iterator[list[Buffer]]:
    """Groups that no conflict joins."""
    parent = {b.id: b.id for b in buffers}

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    end, previous = -1, -1
    for b in buffers:
        if b.first <= end:
            parent[root(b.id)] = root(previous)
        end, previous = max(end, b.last), b.id
    for a, b_ in special:
        parent[root(a)] = root(b_)
    groups: dict[int, list[Buffer]] = defaultdict(list)
    for b in buffers:
        groups[root(b.id)].append(b)
    yield from groups.values()


def _section(buffers: list[Buffer], special: Mapping[tuple[int, int], int]) -> Section:
    position = {b.id: i for i, b in enumerate(buffers)}
    near: list[dict[int, Near]] = [{} for _ in buffers]

    def conflict(i: int, j: int) -> None:
        pair = buffers[i].id, buffers[j].id
        above = special.get(pair, buffers[i].size)
        below = special.get(pair[::-1], buffers[j].size)
        if above + below > 1:  # otherwise any two offsets are right
            near[i][j], near[j][i] = Near(j, above, below), Near(i, below, above)

    for i, a in enumerate(buffers):
        for j in range(i + 1, len(buffers)):
            if buffers[j].first > a.last:
                break
            conflict(i, j)
    for a_, b_ in special:
        if a_ in position and b_ in position and position[b_] not in near[position[a_]]:
            conflict(position[a_], position[b_])
    lists = tuple(tuple(each.values()) for each in near)
    odd = frozenset(position[i] for pair in special for i in pair if i in position)
    made = Section(tuple(buffers), lists, tuple(_slots(buffers, near, bool(odd))), odd)
    return replace(made, lower=max(_bound(made, slot) for slot in made.slots))


def _slots(
    buffers: Sequence[Buffer], near: Sequence[Mapping[int, Near]], special: bool
) -> list[tuple[int, ...]]:
    """Cliques that cover all conflicts, by time: what is live at each step, no subsets."""
    lists: list[list[int]] = []
    live: list[int] = []
    grown = False
    for i, b in enumerate(buffers):
        ended = [k for k in live if buffers[k].last < b.first]
        if ended and grown:
            lists.append(live)
        if ended:
            live = [k for k in live if buffers[k].last >= b.first]
            grown = False
        live = [*live, i]
        grown = True
    lists.append(live)
    if not special:
        return [tuple(members) for members in lists]
    cliques = [clique for members in lists for clique in _cliques(members, near)]
    covered = {(i, j) for clique in cliques for i in clique for j in clique}
    cliques += [
        (i, j) for i, each in enumerate(near) for j in each if i < j and (i, j) not in covered
    ]
    return cliques


def _cliques(members: list[int], near: Sequence[Mapping[int, Near]]) -> list[tuple[int, ...]]:
    """Splits members until those of a part all conflict."""
    open_, done = [members], []
    while open_:
        part = open_.pop()
        loose = next(
            ((i, j) for i in part for j in part if i < j and j not in near[i]),
            None,
        )
        if loose is None:
            done.append(tuple(part))
        elif len(open_) + len(done) < _SLOTS:
            open_ += [[k for k in part if k != i] for i in loose]
        else:
            done += [(k,) for k in part]
    return list(dict.fromkeys(done))


def _bound(section: Section, slot: Sequence[int]) -> int:
    """The height that the buffers of a slot need.

    Whatever their offsets, they can be put in a row in which each lies above the one before."""
    size = [section.buffers[i].size for i in slot]
    weights = section.weights(slot)
    if all(w == s for w, s in zip(weights, size, strict=True)):
        return sum(size)
    if len(slot) <= _SMALL:
        return max(_shortest(section, slot), *size)
    return max(sum(weights) + min(s - w for s, w in zip(size, weights, strict=True)), *size)


def _shortest(section: Section, slot: Sequence[int]) -> int:
    """The shortest row of a few buffers, over all orders (Held and Karp)."""
    n = len(slot)
    where = {i: at for at, i in enumerate(slot)}
    gap = [[FAR] * n for _ in slot]
    for i in slot:
        for near in section.near[i]:
            if near.other in where:
                gap[where[i]][where[near.other]] = near.above
    best = {(1 << at, at): 0 for at in range(n)}  # set placed, highest → its offset
    for chosen in range(1, 1 << n):
        for at in range(n):
            if chosen == 1 << at or not chosen >> at & 1:
                continue
            before = chosen & ~(1 << at)
            best[chosen, at] = min(
                best[before, k] + gap[k][at] for k in range(n) if before >> k & 1
            )
    return min(best[(1 << n) - 1, at] + section.buffers[i].size for at, i in enumerate(slot))
