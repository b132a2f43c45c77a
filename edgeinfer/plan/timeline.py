# SPDX-License-Identifier: Apache-2.0
"""Which bytes of which buffer are alive when, row by row, and how close buffers may lie.

Time goes by rows: each row of each step is an instant of its own. In the arena two buffers i and j
at the offsets o(i) and o(j) may share bytes that are not alive in both at once: i may lie below j
if at every instant the last live byte of i is below the first live byte of j, which is
o(j) - o(i) >= distance[i, j] with the largest of those differences. So an output may slide over the
rows of its input that have been consumed, and a tensor made late over what died early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import PlanError
from edgeinfer.plan.schedule import Action, Make, Rehome, Slide

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call

Ints = npt.NDArray[np.int64]
FAR = 1 << 40  # no byte


@dataclass(frozen=True)
class Buffer:
    """Bytes at one place: a tensor from one move to the next, or the scratch of a call."""

    tensor: int  # storage tensor, or -1 for scratch
    call: int = -1  # whose scratch


@dataclass
class _Use:
    """When a tensor's bytes are read and written: [first, last) of each instant."""

    read_lo: Ints
    read_hi: Ints
    write_lo: Ints
    write_hi: Ints


@dataclass(frozen=True)
class Exempt:
    """At one instant, buffer `below` may come closer to `above` than their live bytes say."""

    below: int
    above: int
    time: int
    distance: int


@dataclass
class Timeline:
    """The life of every buffer: bytes [lo, hi) at each instant, from the buffer's beginning."""

    actions: tuple[Action, ...]
    starts: list[int]  # the first instant of each action; 0 is before all, the last after all
    buffers: list[Buffer]
    lo: Ints  # [buffer, instant]; FAR while dead
    hi: Ints  # [buffer, instant]; -FAR while dead
    base: list[Ints | int]  # of each buffer: the tensor's byte at its beginning, at each instant
    home: dict[tuple[int, int], int]  # tensor, epoch → buffer
    epoch: dict[int, Ints]  # of tensors that move: the epoch at each instant
    exempt: list[Exempt] = field(default_factory=list)

    def buffer_at(self, tensor: int, time: int) -> int:
        """The buffer that holds a tensor at an instant; at a move the one it moves to."""
        epoch = int(self.epoch[tensor][time]) if tensor in self.epoch else 0
        return self.home[tensor, epoch]

    def base_at(self, buffer: int, time: int) -> int:
        """The tensor's byte that lies at a buffer's beginning."""
        base = self.base[buffer]
        return int(base) if isinstance(base, int) else int(base[time])

    @property
    def sizes(self) -> Ints:
        """Bytes that each buffer reaches to."""
        return np.asarray(self.hi.max(axis=1, initial=0), np.int64)

    def load(self, without: Collection[int] = ()) -> Ints:
        """Bytes alive at each instant, those that may be shared counted once, perhaps without those
        of some buffers."""
        alive = np.where(self.hi > self.lo, self.hi - self.lo, 0)
        alive[list(without)] = 0
        total: Ints = alive.sum(axis=0)
        shared: dict[int, int] = {}
        for e in self.exempt:
            if e.below in without or e.above in without:
                continue
            both = self.hi[e.below, e.time] - self.lo[e.above, e.time] - e.distance
            room = min(self.hi[b, e.time] - self.lo[b, e.time] for b in (e.below, e.above))
            shared[e.time] = max(shared.get(e.time, 0), min(int(both), int(room)))
        for time, some in shared.items():
            total[time] -= max(some, 0)
        return total

    def distances(self) -> Ints:
        """distance[i, j]: how far above i's beginning j must begin when it lies above i.

        -FAR where the two never meet."""
        count = len(self.buffers)
        result = np.empty((count, count), np.int64)
        special: dict[int, list[Exempt]] = {}
        for e in self.exempt:
            special.setdefault(e.below, []).append(e)
        for i in range(count):
            gap = self.hi[i] - self.lo
            for e in special.get(i, ()):
                gap[e.above, e.time] = e.distance
            result[i] = gap.max(axis=1)
        result[result < -FAR // 2] = -FAR
        np.fill_diagonal(result, -FAR)
        return result


def timeline(
    program: Program,
    actions: Sequence[Action],
    scratch: Callable[[Call], int],
    *,
    lines: Mapping[int, int] | None = None,
    given: Collection[int] | None = None,
    wanted: Collection[int] | None = None,
    inplace: bool = True,
    unit: int = 1,
) -> Timeline:
    """The life of all buffers under an execution order.

    `lines` are the tensors that live in line buffers, with rows to spare; the slides that they
    need are added to the actions. `given` and `wanted` are the storage tensors that must be whole
    before and after, by default the graph's inputs, outputs and variables. Buffers will lie at
    multiples of `unit` bytes.
    Raises PlanError for a tensor that is read but never written."""
    weaver = _Weaver(program, scratch, given, wanted, inplace, unit)
    if lines:
        actions = weaver.with_slides(actions, lines)
    return weaver.weave(actions)


class _Weaver:
    def __init__(
        self,
        program: Program,
        scratch: Callable[[Call], int],
        given: Collection[int] | None,
        wanted: Collection[int] | None,
        inplace: bool,
        unit: int,
    ) -> None:
        self.program, self.scratch = program, scratch
        self.inplace, self.unit = inplace, unit
        self.tensors = program.graph.tensors
        self.writers = Counter(
            program.storage(ref.tensor) for call in program.calls for ref in call.written
        )
        variables = [i for i, t in enumerate(self.tensors) if t.is_variable]
        self.given = self._stored((*program.graph.inputs, *variables) if given is None else given)
        self.wanted = self._stored(
            (*program.graph.outputs, *variables) if wanted is None else wanted
        )

    def _stored(self, tensors: Collection[int]) -> set[int]:
        found = {self.program.storage(t) for t in tensors}
        return {s for s in found if self.tensors[s].data is None}

    def size(self, storage: int) -> int:
        return self.tensors[storage].nbytes

    def with_slides(self, actions: Sequence[Action], lines: Mapping[int, int]) -> list[Action]:
        """The actions, with line buffers sliding when they are full."""
        starts, total = self._starts(actions)
        life = {s: self._life(use) for s, use in self._uses(actions, starts, total).items()}
        rows = {
            self.program.storage(call.output.tensor): call.row_bytes
            for call in self.program.calls
            if call.row_bytes
        }
        writes = [
            (position, self.program.storage(call.output.tensor), action)
            for position, action in enumerate(actions)
            if isinstance(action, Make) and (call := self.program.calls[action.call])
        ]
        capacity: dict[int, int] = {}
        for position, storage, make in writes:
            if storage in lines:
                keep = int(life[storage][0][starts[position]]) // rows[storage] * rows[storage]
                need = make.y1 * rows[storage] - keep + lines[storage] * rows[storage]
                capacity[storage] = max(capacity.get(storage, 0), need)
        base = dict.fromkeys(capacity, 0)
        slides: dict[int, Slide] = {}
        for position, storage, make in writes:
            row = rows.get(storage, 0)
            if storage in lines and make.y1 * row - base[storage] > capacity[storage]:
                time = starts[position]
                base[storage] = int(life[storage][0][time]) // row * row
                slides[position] = Slide(storage, base[storage])
        woven: list[Action] = []
        for position, action in enumerate(actions):
            if position in slides:
                woven.append(slides[position])
            woven.append(action)
        return woven

    def weave(self, actions: Sequence[Action]) -> Timeline:
        starts, total = self._starts(actions)
        uses = self._uses(actions, starts, total)
        none = np.empty((0, total), np.int64)
        result = Timeline(tuple(actions), starts, [], none, none, [], {}, {})
        los: list[Ints] = []
        his: list[Ints] = []
        for storage, use in uses.items():
            lo, hi = self._life(use)
            self._add_tensor(result, los, his, storage, lo, hi)
        for call, times in self._scratch_times(actions, starts).items():
            lo, hi = np.full(total, FAR), np.full(total, -FAR)
            lo[times], hi[times] = 0, self.scratch(self.program.calls[call])
            result.buffers.append(Buffer(-1, call))
            result.base.append(0)
            los.append(lo)
            his.append(hi)
        result.lo = np.array(los, np.int64).reshape(len(los), total)
        result.hi = np.array(his, np.int64).reshape(len(los), total)
        if self.inplace:
            self._exempt_inplace(result, uses)
        return result

    @staticmethod
    def _starts(actions: Sequence[Action]) -> tuple[list[int], int]:
        starts, time = [], 1
        for action in actions:
            starts.append(time)
            time += action.y1 - action.y0 if isinstance(action, Make) else 1
        return starts, time + 1

    def _uses(self, actions: Sequence[Action], starts: list[int], total: int) -> dict[int, _Use]:
        uses: dict[int, _Use] = {}

        def use(storage: int) -> _Use:
            if storage not in uses:
                uses[storage] = _Use(
                    np.full(total, FAR),
                    np.zeros(total, np.int64),
                    np.full(total, FAR),
                    np.zeros(total, np.int64),
                )
            return uses[storage]

        for storage in sorted(self.given):
            entry = use(storage)
            entry.write_lo[0], entry.write_hi[0] = 0, self.size(storage)
        for index, (times, ends) in sorted(self._rows(actions, starts).items()):
            self._call(self.program.calls[index], times, ends, use)
        for storage in sorted(self.wanted):
            entry = use(storage)
            if not entry.write_hi.any():
                raise PlanError(
                    f"Output '{self.tensors[storage].name}' is not written by any layer.",
                    "Convert the model again: it is damaged.",
                )
            entry.read_lo[-1], entry.read_hi[-1] = 0, self.size(storage)
        return uses

    def _rows(self, actions: Sequence[Action], starts: list[int]) -> dict[int, tuple[Ints, Ints]]:
        """Of each call, the instant of each row, and where the step ends that makes it."""
        found: dict[int, tuple[Ints, Ints]] = {}
        for action, start in zip(actions, starts, strict=True):
            if isinstance(action, Make):
                if action.call not in found:
                    rows = self.program.calls[action.call].rows
                    found[action.call] = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
                times, ends = found[action.call]
                times[action.y0 : action.y1] = range(start, start + action.y1 - action.y0)
                ends[action.y0 : action.y1] = action.y1
        return found

    def _call(self, call: Call, times: Ints, ends: Ints, use: Callable[[int], _Use]) -> None:
        rows = np.arange(call.rows)
        for position, ref in enumerate(call.read):
            storage = self.program.storage(ref.tensor)
            if self.tensors[storage].data is not None:
                continue
            entry = use(storage)
            first, last = self.read(call, position, rows)
            real = last > first  # a row in the padding reads nothing
            if real.any() and not entry.write_hi[: times[real].min() + 1].any():
                raise PlanError(
                    f"Tensor '{self.tensors[ref.tensor].name}' is read by "
                    f"{self.program.graph.label(call.node)} before anything writes it.",
                    "Convert the model again: its operators are not in execution order.",
                )
            entry.read_lo[times] = np.minimum(entry.read_lo[times], np.where(real, first, FAR))
            entry.read_hi[times] = np.maximum(entry.read_hi[times], np.where(real, last, 0))
        for ref in call.written:
            storage = self.program.storage(ref.tensor)
            entry = use(storage)
            if call.row_bytes and not call.more_out:
                entry.write_lo[times] = ref.offset + rows * call.row_bytes
                ends = np.minimum(rows + 1 + call.ahead, ends)
                entry.write_hi[times] = ref.offset + ends * call.row_bytes
            else:
                entry.write_lo[times] = 0
                entry.write_hi[times] = self.size(storage)
                if ref.offset and self.writers[storage] > 1:  # others' bytes stay as they are
                    entry.read_lo[times] = 0
                    entry.read_hi[times] = self.size(storage)

    def read(self, call: Call, position: int, rows: Ints) -> tuple[Ints, Ints]:
        """The bytes [first, last) of an input that each of these output rows needs."""
        ref = call.read[position]
        reads = call.reads[position] if position < len(call.reads) else None
        if reads is None or call.more_out:
            whole = self.tensors[ref.tensor].nbytes
            return np.full(len(rows), ref.offset), np.full(len(rows), whole)
        above = rows * reads.stride - reads.pad
        first = np.maximum(-(-above // reads.apart), 0)
        last = np.minimum((above + reads.span - 1) // reads.apart + 1, reads.count)
        end = self.tensors[ref.tensor].nbytes  # a last row may be shorter
        ends = np.minimum(ref.offset + last * reads.row_bytes, end)
        return ref.offset + first * reads.row_bytes, ends

    @staticmethod
    def _life(use: _Use) -> tuple[Ints, Ints]:
        """[lo, hi) at each instant: written already and needed still, or being written."""
        needed_lo = np.minimum.accumulate(use.read_lo[::-1])[::-1]
        needed_hi = np.maximum.accumulate(use.read_hi[::-1])[::-1]
        written = np.maximum.accumulate(use.write_hi)
        lo = np.minimum(needed_lo, use.write_lo)
        hi = np.maximum(np.minimum(written, needed_hi), use.write_hi)
        dead = lo >= hi
        return np.where(dead, FAR, lo), np.where(dead, -FAR, hi)

    def _add_tensor(
        self, line: Timeline, los: list[Ints], his: list[Ints], storage: int, lo: Ints, hi: Ints
    ) -> None:
        total = len(lo)
        moves = [
            time
            for action, time in zip(line.actions, line.starts, strict=True)
            if isinstance(action, Rehome) and action.tensor == storage
        ]
        if moves:
            line.epoch[storage] = np.searchsorted(np.array(moves), np.arange(total), "right")
        base: Ints | int = 0
        before: Ints | int = 0  # the base that still holds while a slide goes on
        slides = [
            (time, action.base)
            for action, time in zip(line.actions, line.starts, strict=True)
            if isinstance(action, Slide) and action.tensor == storage
        ]
        if slides:
            base, before = np.zeros(total, np.int64), np.zeros(total, np.int64)
            for time, value in slides:
                base[time:] = value
                before[time + 1 :] = value
        bounds = [0, *moves, total]
        for epoch in range(len(moves) + 1):
            inside = np.zeros(total, np.bool_)
            inside[bounds[epoch] : bounds[epoch + 1] + (epoch < len(moves))] = True
            index = len(line.buffers)
            line.buffers.append(Buffer(storage))
            line.home[storage, epoch] = index
            line.base.append(base)
            alive = inside & (hi > lo)
            los.append(np.where(alive, lo - base, FAR))
            his.append(np.where(alive, hi - before, -FAR))
            if epoch:  # a copy may overlap its source
                line.exempt.append(Exempt(index - 1, index, moves[epoch - 1], -FAR))
                line.exempt.append(Exempt(index, index - 1, moves[epoch - 1], -FAR))

    def _scratch_times(self, actions: Sequence[Action], starts: list[int]) -> dict[int, list[int]]:
        times: dict[int, list[int]] = {}
        for action, start in zip(actions, starts, strict=True):
            if isinstance(action, Make) and self.scratch(self.program.calls[action.call]):
                times.setdefault(action.call, []).extend(
                    range(start, start + action.y1 - action.y0)
                )
        return times

    def _exempt_inplace(self, line: Timeline, uses: Mapping[int, _Use]) -> None:
        """Kernels that read in the output's order, or channel by channel, may write over what they
        have just read."""
        calls = self.program.calls
        needed = {
            s: np.append(np.minimum.accumulate(use.read_lo[::-1])[::-1], FAR)
            for s, use in uses.items()
        }
        for action, start in zip(line.actions, line.starts, strict=True):
            if not isinstance(action, Make):
                continue
            call = calls[action.call]
            output = self.program.storage(call.output.tensor)
            if self.writers[output] > 1 or call.more_out:
                continue
            sources: dict[int, list[int]] = {}
            for position, ref in enumerate(call.read):
                sources.setdefault(self.program.storage(ref.tensor), []).append(position)
            for source, positions in sources.items():
                ordered = set(positions) <= set(call.inplace)
                if source == output or not (ordered or self._in_lanes(call, positions)):
                    continue
                if self.tensors[source].data is not None:
                    continue
                below, above = line.buffer_at(output, start), line.buffer_at(source, start)
                shift = line.base_at(above, start) - line.base_at(below, start)
                rows = np.arange(action.y0, action.y1)
                times = start + rows - action.y0
                # In lanes, what a group of rows needs has been read before any of it is written.
                tile = 1 if ordered else call.tile
                after = np.minimum((rows - action.y0) // tile * tile + tile, len(rows))
                rest = needed[source][start + after]
                begins, ends = uses[output].write_lo[times], uses[output].write_hi[times]
                gaps = np.full(len(rows), -FAR)
                if ordered:
                    first = np.min([self.read(call, p, rows)[0] for p in positions], axis=0)
                    gaps = begins - first
                    # Of rows ahead, the input has been read too.
                    ends = begins + call.row_bytes if call.ahead else ends
                elif shift % call.lanes:
                    continue
                elif call.tile > 1:
                    ends = begins + call.row_bytes
                gaps = np.maximum(gaps, np.where(rest < FAR, ends - rest, -FAR))
                line.exempt += [
                    Exempt(below, above, int(t), int(g) + shift)
                    for t, g in zip(times, gaps, strict=True)
                ]

    def _in_lanes(self, call: Call, positions: Sequence[int]) -> bool:
        """Whether a call reads this input channel by channel, and buffers lie where that helps."""
        refs = (call.output, *(call.read[p] for p in positions))
        return (
            call.lanes > 0
            and self.unit % call.lanes == 0
            and list(positions) == [0]
            and all(ref.offset % call.lanes == 0 for ref in refs)
        )
