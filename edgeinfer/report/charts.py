# SPDX-License-Identifier: Apache-2.0
"""Charts of a comparison with float: error by layer, histograms, confusion, sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from edgeinfer.report.picture import (
    DARK,
    DIM,
    GRID,
    INK,
    MARK,
    PALETTE,
    SHADE,
    Line,
    Picture,
    Polygon,
    Text,
    box,
    fitted,
    text_width,
)

BAR, HIT, MISS = PALETTE[0], PALETTE[2], PALETTE[1]
_ROW = 24


def name_of(layer: Mapping[str, Any]) -> str:
    """A layer's position and operator."""
    return layer["op"] if layer["layer"] < 0 else f"{layer['layer']} {layer['op']}"


def key_of(layer: Mapping[str, Any]) -> str:
    """What the marks of one layer have in common on a page."""
    return f"layer {layer['layer']} {layer['name']}"


def decibels(value: float | None, exact: bool = False) -> str:
    """An SQNR for people."""
    return "exact" if exact else "no signal" if value is None else f"{value:.1f} dB"


def percent(share: float) -> str:
    """A share in percent that is 0 only if it is none."""
    return f"{share:.2g} %" if 0 < share < 10 else f"{share:.0f} %"


def bars(
    title: str,
    rows: Sequence[tuple[str, float, str, str, str]],
    width: float,
    mark: Callable[[Iterable[float]], float] = min,
) -> Picture:
    """Horizontal bars: name, length, what stands beside it, key, tip. The shortest, or what `mark`
    chooses, stands out if it has a key."""
    made = Picture(width, len(rows) * _ROW + 4, title)
    texts = max((text_width(row[2], 12) for row in rows), default=0) + 12
    names = min(max((text_width(row[0], 12) for row in rows), default=0) + 12, 0.5 * width)
    most = max((row[1] for row in rows), default=0) or 1
    marked = mark(row[1] for row in rows) if rows else 0
    for index, (name, length, text, key, tip) in enumerate(rows):
        y = index * _ROW + _ROW / 2 + 2
        end = names + max((width - names - texts) * max(length, 0) / most, 1)
        colour = MARK if key and length == marked else BAR
        made.add(
            Text((0, y), _shortened(name, names - 8)),
            Polygon(box(names, y - 8, end, y + 8), colour, key=key, tip=tip),
            Text((end + 6, y), text, 12, colour=DIM),
        )
    return made


def _shortened(name: str, width: float) -> str:
    """A name that takes this width; a layer keeps its number."""
    if text_width(name, 12) <= width:
        return name
    number, gap, rest = name.partition(" ")
    if not number.isdigit():
        number, gap, rest = "", "", name
    return number + gap + fitted(rest, 12, width - text_width(number + gap, 12))


def errors(layers: Sequence[Mapping[str, Any]], width: float) -> Picture:
    """The SQNR of each layer; a layer without any error has the longest bar."""
    most = max((x["sqnr_db"] or 0 for x in layers), default=0)
    return bars(
        "SQNR of each layer",
        [
            (
                f"{name_of(x)}  {x['name']}" if width > 600 else name_of(x),
                most if x["exact"] else x["sqnr_db"] or 0,
                decibels(x["sqnr_db"], x["exact"]),
                key_of(x),
                f"{name_of(x)}\n{x['name']}\nSQNR {decibels(x['sqnr_db'], x['exact'])}",
            )
            for x in layers
        ],
        width,
    )


def histogram(layer: Mapping[str, Any], width: float = 320, height: float = 150) -> Picture:
    """Float values of a layer, heights by the root of their number, and the range between lines."""
    made = Picture(width, height, f"Values of {name_of(layer)}, {layer['name']}")
    low, high = map(float, layer["range"])
    start, end = map(float, layer["span"])
    counts: Sequence[int] = layer["histogram"]
    left, right, top, bottom = 8.0, width - 8, 10.0, height - 22
    step = (right - left) / len(counts)

    def x(value: float) -> float:
        return left + (right - left) * (value - start) / ((end - start) or 1)

    made.add(Polygon(box(x(low), top - 6, x(high), bottom), SHADE))
    most = math.sqrt(max(counts, default=0)) or 1
    for index, count in enumerate(counts):
        if count:
            x0, y = left + index * step, bottom - (bottom - top) * math.sqrt(count) / most
            inside = low <= start + (index + 0.5) * (end - start) / len(counts) <= high
            made.add(
                Polygon(box(x0, min(y, bottom - 1), x0 + step, bottom), BAR if inside else MARK)
            )
    made.add(Line((left, bottom), (right, bottom), DIM))
    for value, anchor in ((low, "start"), (high, "end")):
        at = x(value)
        made.add(Line((at, top - 6), (at, bottom + 4), INK, 1.5))
        text, room = f"{value:.3g}", text_width(f"{value:.3g}", 11)
        at = max(at, left + room) if anchor == "end" else min(at, right - room)
        made.add(Text((at, bottom + 13), text, 11, anchor))  # type: ignore[arg-type]
    return made


def confusion(pairs: Sequence[Sequence[int]], width: float) -> Picture:
    """A row for each label, a column for each output that occurs; darker is a larger part of it."""
    classes = sorted({c for pair in pairs for c in pair[:2]})
    totals = dict.fromkeys(classes, 0)
    for label, _, count in pairs:
        totals[label] += count
    left, top = 46, 34
    cell = min((width - left - 2) / len(classes), 44)
    side = cell * len(classes)
    made = Picture(width, top + side + 4, "Confusion matrix")
    made.add(
        Polygon(box(left, top, left + side, top + side), SHADE),
        Text((left, 8), "output", 11, colour=DIM),
        Text((10, top + side / 2), "label", 11, "middle", DIM, upright=True),
    )
    place = {c: i for i, c in enumerate(classes)}
    every = max(math.ceil(20 / cell), 1)
    for c, i in place.items():
        if i % every == 0:
            middle = (i + 0.5) * cell
            made.add(
                Text((left - 6, top + middle), str(c), 11, "end", DIM),
                Text((left + middle, top - 9), str(c), 11, "middle", DIM),
            )
    for label, output, count in pairs:
        x, y = left + place[output] * cell, top + place[label] * cell
        part, inset = count / totals[label], 0.5
        half = (cell / 2 - inset) * math.sqrt(0.15 + 0.85 * part)
        x, y = x + cell / 2, y + cell / 2
        corners = box(x - half, y - half, x + half, y + half)
        tip = f"label {label}, output {output}\n{count:,} of {totals[label]:,} samples"
        colour = HIT if label == output else MISS
        made.add(Polygon(corners, colour, key=f"{label} {output}", tip=tip))
        if text_width(f"{count}", 11) < 2 * half:
            made.add(Text((x, y), f"{count}", 11, "middle", DARK))
    for i in range(1, len(classes)):
        made.add(
            Line((left + i * cell, top), (left + i * cell, top + side), GRID, 0.5),
            Line((left, top + i * cell), (left + side, top + i * cell), GRID, 0.5),
        )
    return made
