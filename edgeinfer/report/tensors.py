# SPDX-License-Identifier: Apache-2.0
"""The tensors of a plan for people: a number, a name and a colour for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from edgeinfer.inspection import short_name
from edgeinfer.plan import SCRATCH, Plan, Trace
from edgeinfer.report.picture import PALETTE
from edgeinfer.report.picture import SCRATCH as GREY


@dataclass(frozen=True)
class Thing:
    """What is drawn in one colour: a tensor, or the scratch of all layers."""

    number: int  # 1 is the first to be alive
    name: str
    kind: str  # shape and type, or whose scratch
    size: int  # bytes
    most: int  # bytes of it that are in the arena at once
    first: int  # step
    last: int  # step
    colour: str
    traces: tuple[Trace, ...]

    @property
    def life(self) -> str:
        """From which step to which."""
        return f"{self.first} to {self.last}" if self.first < self.last else f"{self.first}"

    @property
    def amount(self) -> str:
        """Bytes, and of how many, if it is never whole."""
        whole = f" of {self.size:,}" if self.most < self.size else ""
        return f"{self.most:,}{whole} B"

    @property
    def tip(self) -> str:
        """All that is known, in lines."""
        return "\n".join((self.name, self.kind, self.amount, f"alive in step {self.life}"))


def things(plan: Plan) -> list[Thing]:
    """The tensors in the order in which they come to life, scratch last.

    Of those that are alive together no two have the same colour, while there are enough."""
    traces: dict[int, list[Trace]] = {}
    for trace in sorted(plan.traces, key=lambda t: t.pieces[0].begin):
        traces.setdefault(trace.tensor, []).append(trace)
    traces = {t: traces[t] for t in sorted(traces, key=lambda t: t == SCRATCH)}
    found: list[Thing] = []
    for number, (tensor, own) in enumerate(traces.items(), 1):
        first = int(own[0].pieces[0].begin)
        last = max(-int(-t.pieces[-1].end // 1) - 1 for t in own)
        most = max(p.hi - p.lo for t in own for p in t.pieces)
        if tensor == SCRATCH:
            name, kind, size, colour = "scratch", "working memory of layers", most, GREY
        else:
            entry = plan.program.graph.tensors[tensor]
            name, size = short_name(entry.name), entry.nbytes
            kind = f"{'×'.join(map(str, entry.shape)) or 'scalar'} {entry.dtype}"
            used = Counter(dict.fromkeys(PALETTE, 0))
            for other in found:
                # What lies beside each other in time must differ; else the rarest comes next.
                used[other.colour] += 1 + 1000 * (
                    other.first <= last + 1 and first <= other.last + 1
                )
            colour = min(PALETTE, key=lambda c: (used[c], PALETTE.index(c)))
        found.append(Thing(number, name, kind, size, most, first, last, colour, tuple(own)))
    return found
