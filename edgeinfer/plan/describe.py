# SPDX-License-Identifier: Apache-2.0
"""A plan as text: the memory map over time, what sits at the peak, and what would lower it."""

from __future__ import annotations

import textwrap

from edgeinfer.inspection import short_name
from edgeinfer.plan.advice import sentences
from edgeinfer.plan.layout import SCRATCH, Live, Plan

WIDTH = 100  # columns
_LABEL = 40
_BAR = WIDTH - _LABEL - 16
_EMPTY, _SHADES = "·", "█▓▒"


def describe(plan: Plan) -> str:
    """Summary, memory map, the peak's cause and what would lower it, at most 100 columns wide."""
    return "\n\n".join(filter(None, (summary(plan), memory_map(plan), peak(plan), lower(plan))))


def summary(plan: Plan) -> str:
    """Arena and lower bound in bytes, and whether the arena is proven to be the smallest."""
    proof = "proven smallest" if plan.optimal else "not proven smallest"
    text = (
        f"Arena {plan.arena_bytes:,} bytes, lower bound {plan.lower_bound_bytes:,}, "
        f"{len(plan.steps)} steps ({proof} for this order of execution)"
    )
    if plan.fast_bytes:
        slow = plan.arena_bytes - plan.fast_bytes
        text += f"\n{plan.fast_bytes:,} bytes of it in the fast memory, {slow:,} in the slow one"
    if plan.order is None or not plan.order.changed:
        return text
    least = "no order needs less" if plan.order.optimal else "perhaps not the best order"
    order = (
        f"Another order than the file's: {plan.order.height:,} bytes alive at most instead of "
        f"{plan.order.file_height:,} ({least})"
    )
    return f"{text}\n{textwrap.fill(order, WIDTH)}"


def memory_map(plan: Plan) -> str:
    """One line for each step: layer, live bytes, and the arena from its first to its last byte.

    Layers that are executed together in bands of rows take one line, which shows the fullest of
    their steps. Neighbouring tensors have different shades; free bytes are dots; ◀ marks the
    peak."""
    peak_step = plan.peak_step
    lines = [f"{'step  layer':<{_LABEL}} {'bytes':>9}  arena"]
    for steps in parts(plan):
        index = max(steps, key=plan.live_bytes)
        mark = " ◀" if peak_step in steps else ""
        name = _layer(plan, index, _LABEL - 6) if len(steps) == 1 else _stage(plan, steps)
        label = f"{steps[0]:>4}  {name}"
        lines.append(
            f"{label:<{_LABEL}} {plan.live_bytes(index):>9,}  {_bar(plan, index)}{mark}".rstrip()
        )
    return "\n".join(lines)


def parts(plan: Plan) -> list[range]:
    """The steps in groups: those of layers that are made in turns together, others alone."""
    last = {id(step.call): i for i, step in enumerate(plan.steps)}
    found, start, end = [], 0, -1
    for index, step in enumerate(plan.steps):
        end = max(end, last[id(step.call)])
        if index == end:
            found.append(range(start, index + 1))
            start = index + 1
    return found


def _stage(plan: Plan, steps: range) -> str:
    layers = [plan.steps[i].call.node for i in steps if not plan.steps[i].is_move]
    return f"layers {min(layers)} to {max(layers)} in bands"


def peak(plan: Plan) -> str:
    """The tensors in the arena at the fullest step, largest first, with their share of it."""
    if not plan.steps:
        return "Nothing is computed."
    step = plan.peak_step
    total = plan.live_bytes(step)
    label = _layer(plan, step, WIDTH - 40)
    lines = [f"Peak of {total:,} bytes at step {step}, {label}:"]
    entries = plan.live(step)
    for entry in sorted(entries, key=lambda e: (-e.size, e.offset)):
        share = 100 * entry.size / total if total else 0
        note = _note(plan, entry, step, entries)
        head = f"  {entry.size:>9,} bytes {share:>3.0f} %  at {entry.offset:>9,}  "
        lines.append(head + _name(plan, entry, WIDTH - len(head) - len(note)) + note)
    return "\n".join(lines)


def lower(plan: Plan) -> str:
    """What could be smaller so that the peak is lower."""
    wrapped = [
        textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="    ")
        for line in sentences(plan)
    ]
    return "\n".join(("What would lower it:", *wrapped)) if wrapped else ""


def _note(plan: Plan, entry: Live, step: int, entries: tuple[Live, ...]) -> str:
    if entry.tensor == SCRATCH:
        return ""
    first, last = plan.spans[entry.tensor]
    end = len(plan.steps) - 1
    notes = []
    whole = plan.program.graph.tensors[entry.tensor].nbytes
    if entry.size < whole:
        notes.append(f"of {whole:,}")
    end_ = entry.offset + entry.size
    if any(e.offset < end_ and entry.offset < e.offset + e.size for e in entries if e != entry):
        notes.append("shared")
    if first < step < last or (first < step and last == end and step != end):
        notes.append(f"kept from step {first} to {last}")
    return f" ({', '.join(notes)})" if notes else ""


def _name(plan: Plan, entry: Live, width: int) -> str:
    if entry.tensor == SCRATCH:
        return "scratch"
    tensor = plan.program.graph.tensors[entry.tensor]
    kind = f"  {'×'.join(map(str, tensor.shape)) or 'scalar'} {tensor.dtype}"
    return _clip(short_name(tensor.name), max(width - len(kind), 8)) + kind


def _layer(plan: Plan, step: int, width: int) -> str:
    call = plan.steps[step].call
    moved = plan.steps[step].is_move
    operator = "(move)" if moved else plan.program.graph.nodes[call.node].op[:20]
    name = short_name(plan.program.graph.tensors[call.output.tensor].name)
    return f"{operator} {_clip(name, width - len(operator) - 1)}".strip()


def _bar(plan: Plan, step: int) -> str:
    cells = [_EMPTY] * _BAR
    scale = _BAR / plan.arena_bytes if plan.arena_bytes else 0
    for entry in plan.live(step):
        if not entry.size:
            continue
        start = min(int(entry.offset * scale), _BAR - 1)
        stop = max(start + 1, round((entry.offset + entry.size) * scale))
        before = cells[start - 1] if start else _EMPTY
        shade = next(s for s in _SHADES if s not in (before, cells[start]))
        cells[start:stop] = shade * (min(stop, _BAR) - start)
    return "".join(cells)


def _clip(text: str, width: int) -> str:
    """The end of a long name, which tells more than its beginning."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= width else "…" + clean[len(clean) - width + 1 :]
