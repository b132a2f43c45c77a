# SPDX-License-Identifier: Apache-2.0
"""Execution order: which rows of which call are made when, so that few rows are alive at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call


@dataclass(frozen=True)
class Make:
    """One step to be: the rows y0..y1-1 of a call."""

    call: int  # index into Program.calls
    y0: int
    y1: int


@dataclass(frozen=True)
class Rehome:
    """A step that copies a tensor to another place, from where it is used from now on."""

    tensor: int  # storage tensor


@dataclass(frozen=True)
class Slide:
    """A step that moves the rows of a line buffer that are still needed to its beginning."""

    tensor: int  # storage tensor
    base: int  # byte of the tensor that lies at the buffer's beginning from now on


Action = Make | Rehome | Slide


@dataclass(frozen=True)
class Stage:
    """Consecutive calls that are executed together.

    With `band` 0 they follow each other, each making all its rows. Otherwise the last call makes
    `band` rows at a time and those before it, depth first, the rows that this needs and no row
    twice; then the tensors between them are line buffers, `spare` rows longer than needed."""

    first: int
    last: int  # inclusive
    band: int = 0
    fine: int = 0  # most rows of a step; 0: as many as are needed at once
    eager: bool = False  # a call whose input is there is made before another one needs it
    spare: int = 0


def layers(program: Program) -> tuple[Stage, ...]:
    """Layer by layer: a stage for each call."""
    return tuple(Stage(i, i) for i in range(len(program.calls)))


def storages(program: Program, call: Call) -> list[int]:
    """The tensors in the arena that a call reads."""
    found = [program.storage(ref.tensor) for ref in call.read]
    return [s for s in found if program.graph.tensors[s].data is None]


def bandable(program: Program) -> list[bool]:
    """Of each call, whether it can make its rows in several steps within a stage."""
    writers = Counter(program.storage(r.tensor) for call in program.calls for r in call.written)
    return [
        call.row_bytes > 0
        and not (call.more_in or call.more_out)
        and call.output.offset == 0
        and writers[program.storage(call.output.tensor)] == 1
        for call in program.calls
    ]


def line_buffers(program: Program, stages: Iterable[Stage]) -> dict[int, int]:
    """The tensors that only exist within one banded stage → the rows to spare of their buffers."""
    kept = {program.storage(t) for t in (*program.graph.inputs, *program.graph.outputs)}
    found: dict[int, int] = {}
    stage_of: dict[int, int] = {}
    made: dict[int, int] = {}
    for number, stage in enumerate(stages):
        for index in range(stage.first, stage.last + 1):
            call = program.calls[index]
            for storage in storages(program, call):
                if made.get(storage) != number:
                    found.pop(storage, None)
            stage_of[index] = number
            output = program.storage(call.output.tensor)
            if stage.band and call.row_bytes and not call.more_out and output not in kept:
                made[output] = number
                found[output] = stage.spare
    return found


def order(program: Program, stage: Stage) -> list[Make]:
    """The steps of a stage."""
    calls = program.calls
    if not stage.band:
        return [Make(i, 0, calls[i].rows) for i in range(stage.first, stage.last + 1)]
    return _DepthFirst(program, stage).run()


class _DepthFirst:
    """Makes rows when another call needs them."""

    def __init__(self, program: Program, stage: Stage) -> None:
        self.program, self.stage = program, stage
        inside = range(stage.first, stage.last + 1)
        self.made = dict.fromkeys(inside, 0)
        self.producer = {program.storage(program.calls[i].output.tensor): i for i in inside}
        self.readers: dict[int, list[int]] = {i: [] for i in inside}
        for i in inside:
            for storage in dict.fromkeys(storages(program, program.calls[i])):
                if storage in self.producer:
                    self.readers[self.producer[storage]].append(i)
        self.stack: list[int] = []
        self.makes: list[Make] = []

    def run(self) -> list[Make]:
        stage, calls = self.stage, self.program.calls
        rows = calls[stage.last].rows
        for y in range(stage.band, rows + stage.band, stage.band):
            self.demand(stage.last, min(y, rows))
        for index in range(stage.first, stage.last + 1):  # rows that nothing asked for
            self.demand(index, calls[index].rows)
        return self.makes

    def demand(self, index: int, rows: int) -> None:
        """Make the rows of a call up to this one."""
        self.stack.append(index)
        while self.made[index] < rows:
            y0 = self.made[index]
            y1 = min(rows, y0 + self.stage.fine) if self.stage.fine else rows
            for producer, need in self._needs(index, y1):
                self.demand(producer, need)
            self._emit(index, y1)
        self.stack.pop()

    def _emit(self, index: int, y1: int) -> None:
        self.makes.append(Make(index, self.made[index], y1))
        self.made[index] = y1
        if not self.stage.eager:
            return
        for reader in self.readers[index]:
            if reader in self.stack or reader == self.stage.last:
                continue
            ready = self.made[reader]
            while ready < self.program.calls[reader].rows and all(
                self.made[p] >= need for p, need in self._needs(reader, ready + 1)
            ):
                ready += 1
            if ready > self.made[reader]:
                self._emit(reader, ready)

    def _needs(self, index: int, y1: int) -> list[tuple[int, int]]:
        """Calls of this stage and how many of their rows must be there for the rows up to y1."""
        call = self.program.calls[index]
        found = []
        for position, ref in enumerate(call.read):
            producer = self.producer.get(self.program.storage(ref.tensor))
            if producer is None or producer == index:
                continue
            maker = self.program.calls[producer]
            reads = call.reads[position] if position < len(call.reads) else None
            need = maker.rows
            if reads is not None:
                end = ref.offset + reads.of(y1 - 1, y1)[1] * reads.row_bytes
                need = min(-(-end // maker.row_bytes), maker.rows)
            found.append((producer, need))
        return found
