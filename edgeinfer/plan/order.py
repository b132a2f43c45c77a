# SPDX-License-Identifier: Apache-2.0
"""In which order calls execute, so that little is alive at the fullest of them.

Calls that have run are a set that holds with each call those before it (an ideal of the partial
order). What is alive between two calls depends on that set alone, so an order is a path from the
empty set to the whole one, and the best order the path whose highest step is lowest. A call that
raises nothing and leaves no more alive is taken at once: whatever follows is no worse for it. Sets
are visited by rising height; where they are too many, only the best of each size are followed.

A tensor counts with all its bytes, at a call with those that the call leaves alive row by row."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from edgeinfer.plan.schedule import Make
from edgeinfer.plan.timeline import timeline
from edgeinfer.plan.walk import has_jumps

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call

_MOST = 100_000  # times that a call is considered after a set, in search of a proof
_BEAM = 100_000  # about the same for all calls after all sets that are followed without one


@dataclass(frozen=True)
class Order:
    """An order of execution. Heights are bytes alive at the fullest call, layer by layer; 0 if
    there is no other order than the file's."""

    calls: tuple[int, ...]  # indices into Program.calls
    height: int
    file_height: int  # of the order in the file
    optimal: bool  # whether no order has a lower height

    @property
    def changed(self) -> bool:
        return self.calls != tuple(range(len(self.calls)))

    @property
    def kept(self) -> Order:
        """The file's order, though perhaps this one is better."""
        own = tuple(range(len(self.calls)))
        return Order(own, self.file_height, self.file_height, self.optimal and not self.changed)

    def of(self, program: Program) -> Program:
        """The program in this order."""
        return replace(program, calls=tuple(program.calls[i] for i in self.calls))


class _State(NamedTuple):
    height: int  # bytes at the fullest call so far
    ran: int  # a bit for each call
    alive: int  # bytes after these calls
    way: tuple[int, object] | None  # the last call, and the way before it


def best_order(program: Program, scratch: Callable[[Call], int]) -> Order:
    """The order with the lowest height that is found, and whether that is proven; the file's if it
    is as low. Resets stay the first calls; around jumps nothing changes place."""
    return _Search(program, scratch).run()


def conflicts(first: Call, second: Call, storage: Callable[[int], int]) -> bool:
    """Whether two calls must keep their order: one writes what the other uses."""
    writes = [{storage(ref.tensor) for ref in call.written} for call in (first, second)]
    reads = [{storage(ref.tensor) for ref in call.read} for call in (first, second)]
    beside = first.part and second.part and first.node == second.node
    if writes[0] & reads[1] or reads[0] & writes[1]:
        return True
    return bool(writes[0] & writes[1]) and not beside


class _Search:
    def __init__(self, program: Program, scratch: Callable[[Call], int]) -> None:
        self.program, self.scratch = program, scratch
        tensors, calls = program.graph.tensors, program.calls
        self.count, self.all = len(calls), (1 << len(calls)) - 1
        self.size = {s: tensors[s].nbytes for s in map(program.storage, range(len(tensors)))}
        variables = {program.storage(i) for i, t in enumerate(tensors) if t.is_variable}
        self.given = {program.storage(t) for t in program.graph.inputs} | variables
        self.wanted = {program.storage(t) for t in program.graph.outputs} | variables
        self.users: dict[int, int] = {}  # storage → the calls that read or write it, as bits
        self.makers: dict[int, int] = {}  # storage → those that write it
        self.touched: list[list[int]] = []
        for index, call in enumerate(calls):
            reads, writes = (
                dict.fromkeys(
                    s
                    for s in (program.storage(ref.tensor) for ref in refs)
                    if tensors[s].data is None
                )
                for refs in (call.read, call.written)
            )
            for s in writes:
                self.makers[s] = self.makers.get(s, 0) | 1 << index
            self.touched.append([*dict.fromkeys([*reads, *writes])])
            for s in self.touched[index]:
                self.users[s] = self.users.get(s, 0) | 1 << index
        self.given = {s for s in self.given if tensors[s].data is None}
        self.first = sum(self.size[s] for s in self.given)  # all are there before the first call
        self.given &= set(self.users) | self.wanted
        self.before = self._before()
        self.memo: dict[tuple[int, tuple[int, ...], tuple[int, ...]], int] = {}

    def _before(self) -> list[int]:
        """Of each call the calls that must have run, as bits."""
        program, found = self.program, []
        fixed = has_jumps(program)
        for index, call in enumerate(program.calls):
            bits = 0
            if fixed or index < program.resets:
                bits = (1 << index) - 1
            else:
                bits = (1 << program.resets) - 1
                near = 0
                for s in self.touched[index]:
                    near |= self.users[s]
                for other in range(program.resets, index):
                    if near >> other & 1 and conflicts(program.calls[other], call, program.storage):
                        bits |= 1 << other
            found.append(bits)
        return found

    def run(self) -> Order:
        own = tuple(range(self.count))
        if self._chain():
            return Order(own, 0, 0, optimal=True)
        state = self._start()
        for index in own:
            state = self._after(state, index)
        file_height = state.height
        best, proven = self._exact(file_height)
        if best is None and not proven:
            for ranks in (lambda s: (s.height, s.alive), lambda s: (self._filled(s), s.height)):
                best = self._beam(best.height if best else file_height, ranks) or best
        if best is None:  # nothing is lower than the file's order
            return Order(own, file_height, file_height, proven)
        return Order(_way(best), best.height, file_height, proven)

    def _chain(self) -> bool:
        """Whether there is no other order."""
        return all(self.before[index] >> (index - 1) & 1 for index in range(1, self.count))

    def _start(self) -> _State:
        alive = sum(self.size[s] for s in self.given)
        return _State(self.first, 0, alive, None)

    def _after(self, state: _State, index: int) -> _State:
        """What running one more call leads to."""
        ran = state.ran | 1 << index
        touched = self.touched[index]
        there = tuple(s for s in touched if s in self.given or self.makers.get(s, 0) & state.ran)
        stay = tuple(s for s in touched if s in self.wanted or self.users[s] & ~ran)
        here = sum(self.size[s] for s in there)
        height = state.alive - here + self._height(index, there, stay)
        alive = state.alive - here + sum(self.size[s] for s in stay)
        return _State(max(state.height, height), ran, alive, (index, state.way))

    def _height(self, index: int, there: tuple[int, ...], stay: tuple[int, ...]) -> int:
        """Bytes of a call's own tensors that are alive at its fullest instant."""
        # What several calls make counts whole from the first of them on.
        held = (s for s in self.touched[index] if self.makers.get(s, 0).bit_count() > 1)
        key = index, tuple(dict.fromkeys([*there, *held])), stay
        if key not in self.memo:
            rows = self.program.calls[index].rows
            line = timeline(
                self.program, [Make(index, 0, rows)], self.scratch, given=key[1], wanted=stay
            )
            self.memo[key] = int(line.load().max(initial=0))
        return self.memo[key]

    def _next(self, state: _State) -> Iterator[_State]:
        """The states one call further; only one if that call is free."""
        found = []
        for index in range(self.count):
            if state.ran >> index & 1 or self.before[index] & ~state.ran:
                continue
            after = self._after(state, index)
            if after.height == state.height and after.alive <= state.alive:
                yield after
                return
            found.append(after)
        yield from found

    def _exact(self, below: int) -> tuple[_State | None, bool]:
        """The best state at the end if it is lower than `below`, and whether all is known."""
        heap = [(self._start().height, 0, 0, self._start())]
        seen: set[int] = set()
        number = 0
        while heap:
            state = heapq.heappop(heap)[3]
            if state.ran in seen:
                continue
            seen.add(state.ran)
            if state.ran == self.all:
                return state, True
            if number > _MOST:
                return None, False
            for after in self._next(state):
                number += 1
                if after.height < below and after.ran not in seen:
                    heapq.heappush(heap, (after.height, -after.ran.bit_count(), number, after))
        return None, True

    def _filled(self, state: _State) -> int:
        """Bytes alive, of what several calls make only those that are made: a tensor is begun early
        if that frees its parts."""
        bytes_ = state.alive
        for s, makers in self.makers.items():
            ran = (makers & state.ran).bit_count()
            if 0 < ran < makers.bit_count():
                bytes_ -= self.size[s] - self.size[s] * ran // makers.bit_count()
        return bytes_

    def _beam(self, below: int, rank: Callable[[_State], tuple[int, int]]) -> _State | None:
        """A good state at the end, lower than `below`; None if none is found. Of each size the sets
        of lowest rank are followed."""
        width = max(_BEAM // self.count**2, 8)
        level = [self._start()]
        for _ in range(self.count):
            best: dict[int, _State] = {}
            for state in level:
                for after in self._next(state):
                    known = best.get(after.ran)
                    if after.height < below and (known is None or after.height < known.height):
                        best[after.ran] = after
            level = sorted(best.values(), key=rank)[:width]
        return level[0] if level else None


def _way(state: _State) -> tuple[int, ...]:
    """The calls that led to a state, in order."""
    found: list[int] = []
    way = state.way
    while way is not None:
        found.append(way[0])
        way = way[1]  # type: ignore[assignment]
    return tuple(reversed(found))
