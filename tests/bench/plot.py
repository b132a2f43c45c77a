# SPDX-License-Identifier: Apache-2.0
"""How the cost of a multiply-accumulate follows a network's size, as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from edgeinfer.report.picture import DIM, GRID, INK, PALETTE, Line, Picture, Polygon, Text, box

WIDTH, HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, WIDTH - 24, 68, HEIGHT - 52
_STEP = 0.25  # instructions per MAC between two lines of the grid


@dataclass(frozen=True)
class Series:
    """Networks that differ in one thing: of each its name, MACs and instructions."""

    name: str
    points: Sequence[tuple[str, int, int]]
    above: bool  # where the points' names are


def scaling(title: str, series: Sequence[Series]) -> Picture:
    """Instructions per MAC over MACs, these by their logarithm; the vertical axis begins at 0."""
    made = Picture(WIDTH, HEIGHT, f"{title}: {'; '.join(map(_said, series))}")
    points = [point for each in series for point in each.points]
    most = _STEP * math.ceil(max(spent / macs for _, macs, spent in points) / _STEP + 0.5)
    low = math.log10(min(macs for _, macs, _ in points)) - 0.08
    high = math.log10(max(macs for _, macs, _ in points)) + 0.08

    def at(macs: float, cost: float) -> tuple[float, float]:
        x = _LEFT + (_RIGHT - _LEFT) * (math.log10(macs) - low) / (high - low)
        return x, _BOTTOM - (_BOTTOM - _TOP) * cost / most

    made.add(Text((_LEFT, 18), title, 15, bold=True))
    for index in range(round(most / _STEP) + 1):
        y = at(10**low, index * _STEP)[1]
        made.add(
            Line((_LEFT, y), (_RIGHT, y), GRID if index else DIM),
            Text((_LEFT - 8, y), f"{index * _STEP:.2f}", 11, "end", DIM),
        )
    for macs in (n * 10**power for power in range(4, 12) for n in (1, 2, 5)):
        if low <= math.log10(macs) <= high:
            x = at(macs, 0)[0]
            made.add(
                Line((x, _TOP), (x, _BOTTOM), GRID),
                Text((x, _BOTTOM + 14), f"{macs / 1e6:g} M", 11, "middle", DIM),
            )
    middle = (_LEFT + _RIGHT) / 2
    made.add(
        Text((middle, HEIGHT - 14), "multiply-accumulates of an inference", 12, "middle"),
        Text((16, (_TOP + _BOTTOM) / 2), "instructions per MAC", 12, "middle", upright=True),
    )
    x = float(_LEFT)
    for each, colour in zip(series, PALETTE, strict=False):
        made.add(Line((x, 44), (x + 24, 44), colour, 3), Text((x + 32, 44), each.name, 12))
        x += 330
        _draw(made, each, colour, [at(macs, spent / macs) for _, macs, spent in each.points])
    return made


def _said(series: Series) -> str:
    """A series in words, for those who do not see it."""
    return f"{series.name} " + ", ".join(
        f"{name} {spent / macs:.3f}" for name, macs, spent in series.points
    )


def _draw(made: Picture, series: Series, colour: str, places: list[tuple[float, float]]) -> None:
    for start, end in pairwise(places):
        made.add(Line(start, end, colour, 3))
    for (x, y), (name, macs, spent) in zip(places, series.points, strict=True):
        tip = f"{name}: {spent:,} instructions for {macs:,} MACs"
        made.add(
            Polygon(box(x - 4, y - 4, x + 4, y + 4), colour, INK, tip=tip),
            Text(
                (x, y + (-16 if series.above else 16)), f"{name}: {spent / macs:.2f}", 11, "middle"
            ),
        )
