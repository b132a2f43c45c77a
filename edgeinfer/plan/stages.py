# SPDX-License-Identifier: Apache-2.0
"""Where to cut a network into stages: banded ones where the memory is short, layers elsewhere."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeinfer.plan.schedule import Stage, bandable, layers, line_buffers, order
from edgeinfer.plan.timeline import timeline

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call

_LONGEST = 24  # calls of a stage
# From few long steps to many short ones, which need the least memory.
_WAYS = (
    {"band": 4},
    {"band": 2},
    {"band": 1},
    {"band": 1, "eager": True},
    {"band": 2, "fine": 2},
    {"band": 1, "fine": 1},
)


class Cutter:
    """Measures stages by the bytes alive at their fullest instant; each stage once."""

    def __init__(self, program: Program, scratch: Callable[[Call], int]) -> None:
        self.program, self.scratch = program, scratch
        self.count = len(program.calls)
        self.bandable = bandable(program)
        tensors = program.graph.tensors
        self.remembers = [  # whether a call writes a variable
            any(tensors[program.storage(ref.tensor)].is_variable for ref in call.written)
            for call in program.calls
        ]
        self.memo: dict[Stage, int] = {}
        self._lives()
        self.layer = [self.peak(stage) for stage in layers(program)]

    def _lives(self) -> None:
        """First and last call that each tensor is needed before, at, or after."""
        program, end = self.program, self.count
        tensors = program.graph.tensors
        self.life: dict[int, list[int]] = {}

        def use(storage: int, call: int) -> None:
            if tensors[storage].data is None:
                life = self.life.setdefault(storage, [call, call])
                life[0], life[1] = min(life[0], call), max(life[1], call)

        for index, tensor in enumerate(tensors):
            if index in program.graph.inputs or tensor.is_variable:
                use(program.storage(index), -1)
            if index in program.graph.outputs or tensor.is_variable:
                use(program.storage(index), end)
        for index, call in enumerate(program.calls):
            for ref in (*call.read, *call.written):
                use(program.storage(ref.tensor), index)

    def across(self, cut: int) -> list[int]:
        """The tensors that are there between call `cut` - 1 and call `cut`."""
        return [s for s, (first, last) in self.life.items() if first < cut <= last]

    def cut_bytes(self, cut: int) -> int:
        """Bytes of these."""
        return sum(self.program.graph.tensors[s].nbytes for s in self.across(cut))

    def peak(self, stage: Stage) -> int:
        """Bytes alive at the fullest instant of a stage."""
        if stage not in self.memo:
            before, after = self.across(stage.first), self.across(stage.last + 1)
            if stage.first == 0:
                before = [s for s, (first, _) in self.life.items() if first < 0]
            made = timeline(
                self.program,
                order(self.program, stage),
                self.scratch,
                lines=self._lines(stage, after),
                given=before,
                wanted=after,
            )
            self.memo[stage] = int(made.load().max(initial=0))
        return self.memo[stage]

    def _lines(self, stage: Stage, after: list[int]) -> dict[int, int]:
        found = line_buffers(self.program, [stage])
        return {s: spare for s, spare in found.items() if s not in after}

    def possible(self, first: int, last: int) -> bool:
        """Whether these calls can be executed in bands."""
        # A reset is no part of an inference, and a variable is not written before its readers read.
        if first < self.program.resets or any(self.remembers[first : last + 1]):
            return False
        ready = self.bandable[last] or self.program.calls[last].rows == 1
        return last - first < _LONGEST and all(self.bandable[first:last]) and ready

    def smallest(self) -> int:
        """The lowest fullest instant that stages reach.

        A shortest path over the cuts, where a path's length is its highest edge."""
        best = {0: self.cut_bytes(0)}
        heap = [(best[0], 0)]
        while heap:
            reached, at = heapq.heappop(heap)
            if at == self.count:
                return reached
            if reached > best[at]:
                continue
            for end, stage in self._edges(at, reached, best):
                length = max(reached, self.peak(stage))
                if length < best.get(end, length + 1):
                    best[end] = length
                    heapq.heappush(heap, (length, end))
        raise AssertionError("the last cut is always reached")

    def _edges(self, at: int, reached: int, best: dict[int, int]) -> Iterator[tuple[int, Stage]]:
        yield at + 1, Stage(at, at)
        worst = self.layer[at]
        for last in range(at + 1, self.count):
            if not self.possible(at, last):
                if not self.bandable[last]:
                    return
                continue
            worst = max(worst, self.layer[last])
            # Without a layer that is worse than the way up to here, a band cannot help.
            if worst > reached and self.cut_bytes(last + 1) < best.get(last + 1, 1 << 60):
                yield last + 1, Stage(at, last, **_WAYS[-1])  # type: ignore[arg-type]

    def cheapest(self, limit: int, tight: bool = False) -> list[Stage] | None:
        """Stages of which none has more than `limit` bytes alive, with as few banded rows as can
        be; None if there are none.

        Banded stages have as few steps as the limit allows, or with `tight` single rows."""
        best: list[tuple[int, list[Stage]] | None] = [(0, [])] + [None] * self.count
        for end in range(1, self.count + 1):
            for first in range(end - 1, -1, -1):
                if first < end - 1 and not self.possible(first, end - 1):
                    continue
                before = best[first]
                if before is None:
                    continue
                cost = before[0] + self._cost(first, end - 1)
                known = best[end]
                if known is not None and known[0] <= cost:
                    continue
                stage = self._within(first, end - 1, limit)
                if stage is not None:
                    best[end] = cost, [*before[1], stage]
        found = best[self.count]
        if found is None or tight:
            return None if found is None else found[1]
        return [self._relaxed(s, limit) for s in found[1]]

    def _cost(self, first: int, last: int) -> int:
        """What the steps of a banded stage cost: so many rows, and the moves between them."""
        if first == last:
            return 0
        calls = self.program.calls[first : last + 1]
        return sum(100 * call.rows + call.rows * call.row_bytes for call in calls)

    def _within(self, first: int, last: int, limit: int) -> Stage | None:
        if first == last:
            return Stage(first, first) if self.layer[first] <= limit else None
        if max(self.layer[first : last + 1]) <= limit:
            return None  # each layer alone is cheaper
        if max(self.cut_bytes(first), self.cut_bytes(last + 1)) > limit:
            return None
        stage = Stage(first, last, **_WAYS[-1])  # type: ignore[arg-type]
        return stage if self.peak(stage) <= limit else None

    def _relaxed(self, stage: Stage, limit: int) -> Stage:
        """The same calls in fewer steps, if that is within the limit too."""
        if not stage.band:
            return stage
        for way in _WAYS:
            other = replace(Stage(stage.first, stage.last), **way)  # type: ignore[arg-type]
            if self.peak(other) <= limit:
                return other
        return stage
