# SPDX-License-Identifier: Apache-2.0
"""A plan as a picture: the arena's bytes upwards, time in steps to the right."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from edgeinfer.plan import Plan, Trace, layer_name, parts
from edgeinfer.report.labels import Labels, Stair
from edgeinfer.report.picture import (
    DARK,
    DIM,
    GRID,
    INK,
    MARK,
    SHADE,
    Anchor,
    Line,
    Picture,
    Point,
    Polygon,
    Text,
    box,
    text_width,
)
from edgeinfer.report.tensors import things

_FONT = 12
_STRIP = 22  # height of the layers' boxes


class MemoryMap:
    """What there is to draw of a plan, and the drawing in any size."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.things = plan, things(plan)
        name = plan.program.graph.name
        self.title = f"{name}: {plan.arena_bytes:,} bytes of memory"
        proof = "proven smallest" if plan.optimal else "not proven smallest"
        self.subtitle = f"{len(plan.steps):,} steps, {proof} for this order"
        if plan.steps:
            most, layer = plan.live_bytes(plan.peak_step), layer_name(plan, plan.peak_step)
            self.subtitle += f"; peak of {most:,} bytes at {layer}"

    def picture(self, width: float, height: float, top: float = 34) -> Picture:
        """The map with its axes, from `top` on, in so many pixels."""
        made = Picture(width, height, f"{self.title}, {self.subtitle}")
        _Map(self, made, (64, top, width - 16, height - 74)).draw()
        return made


class _Map:
    def __init__(self, drawn: MemoryMap, picture: Picture, frame: tuple[float, ...]) -> None:
        self.drawn, self.plan, self.picture = drawn, drawn.plan, picture
        self.left, self.top, self.right, self.bottom = frame
        self.bytes = max(self.plan.arena_bytes, 1)
        # Bands of many steps would leave single layers no room: they get the root of their number.
        self.parts = parts(self.plan)
        widths = [math.sqrt(len(steps)) for steps in self.parts]
        scale = (self.right - self.left) / (sum(widths) or 1)
        self.starts = [0, *(steps.stop for steps in self.parts)]
        self.places: list[float] = [self.left + scale * at for at in (0, *accumulate(widths))]

    def x(self, step: float) -> float:
        after = min(max(bisect_right(self.starts, step), 1), len(self.parts))
        if not after:
            return self.left
        (s0, s1), (x0, x1) = self.starts[after - 1 : after + 1], self.places[after - 1 : after + 1]
        return x0 + (x1 - x0) * (step - s0) / (s1 - s0)

    def y(self, byte: float) -> float:
        return self.bottom - (self.bottom - self.top) * byte / self.bytes

    def draw(self) -> None:
        self.picture.add(Polygon(box(self.left, self.top, self.right, self.bottom), SHADE))
        self.axes()
        for thing in self.drawn.things:
            for trace in thing.traces:
                points = self.outline(trace)
                self.picture.add(Polygon(points, thing.colour, DARK, str(thing.number), thing.tip))
        self.peak()
        labels = Labels(self.picture, _FONT)
        for thing in self.drawn.things:
            for trace in thing.traces:
                most = max(p.hi - p.lo for p in trace.pieces)
                amount = thing.amount if most == thing.most else f"{most:,} B"
                labels.put(self.stairs(trace), thing.name, amount, str(thing.number))
        self.layers()

    def stairs(self, trace: Trace) -> list[Stair]:
        """The pieces of a trace in the picture."""
        return [(self.x(p.begin), self.x(p.end), self.y(p.hi), self.y(p.lo)) for p in trace.pieces]

    def outline(self, trace: Trace) -> list[Point]:
        """Stairs over the upper bytes, and back over the lower ones."""
        upper: list[Point] = []
        lower: list[Point] = []
        for x0, x1, high, low in self.stairs(trace):
            for edge, y in ((upper, high), (lower, low)):
                for point in ((x0, y), (x1, y)):
                    if len(edge) > 1 and edge[-1][1] == edge[-2][1] == point[1]:
                        edge[-1] = point
                    elif not edge or edge[-1] != point:
                        edge.append(point)
        return upper + lower[::-1]

    def axes(self) -> None:
        for byte in _ticks(self.bytes, max(int((self.bottom - self.top) / 45), 2)):
            y = self.y(byte)
            if y > self.top + 10:
                self.picture.add(Line((self.left, y), (self.right, y), GRID))
                self.picture.add(Text((self.left - 8, y), f"{byte:,}", 11, "end", DIM))
        y = self.y(self.plan.arena_bytes)
        self.picture.add(
            Line((self.left, y), (self.right, y), INK, 1.5, dashed=True),
            Text((self.left - 8, y), f"{self.plan.arena_bytes:,}", 11, "end", INK, True),
        )
        end = -1e9
        for step in self.starts:
            x, text = self.x(step), f"{step:,}"
            self.picture.add(Line((x, self.bottom), (x, self.bottom + 5), DIM))
            half = text_width(text, 11) / 2
            if x - half > end + 6:
                self.picture.add(Text((x, self.bottom + 14), text, 11, "middle", DIM))
                end = x + half
        self.picture.add(
            Text((self.left - 8, self.top - 20), "bytes", 11, "end", DIM),
            Text((self.left - 8, self.bottom + 14), "step", 11, "end", DIM),
            Text((self.left - 8, self.bottom + 24 + _STRIP / 2), "layer", 11, "end", DIM),
        )
        note = "steps of layers made in bands of rows are drawn closer"
        if any(len(steps) > 1 for steps in self.parts):
            at = (self.right, self.bottom + _STRIP + 36)
            self.picture.add(Text(at, note, 11, "end", DIM))

    def layers(self) -> None:
        """A strip of boxes under the axis: layers, and those that are made together in bands."""
        graph, y = self.plan.program.graph, self.bottom + 24
        for steps in self.parts:
            nodes = sorted({self.plan.steps[i].call.node for i in steps})
            ops = ", ".join(graph.nodes[n].op for n in nodes[:8])
            names = f"layers {nodes[0]} to {nodes[-1]}" if len(nodes) > 1 else f"layer {nodes[0]}"
            x0, x1 = self.x(steps.start), self.x(steps.stop)
            tip = f"{names}{' in bands of rows' if len(nodes) > 1 else ''}\n{ops}"
            self.picture.add(
                Polygon(box(x0, y, x1, y + _STRIP), SHADE, DIM, f"layers {nodes[0]}", tip)
            )
            short = f"{nodes[0]} to {nodes[-1]}" if len(nodes) > 1 else str(nodes[0])
            alone = graph.nodes[nodes[0]].op
            for text in (tip.split("\n")[0] if len(nodes) > 1 else alone, short):
                if text_width(text, 10) < x1 - x0 - 4:
                    at = ((x0 + x1) / 2, y + _STRIP / 2)
                    self.picture.add(Text(at, text, 10, "middle", DIM))
                    break

    def peak(self) -> None:
        """A line through the fullest step, with what it is."""
        if not self.plan.steps:
            return
        step = self.plan.peak_step
        x, y = self.x(step + 0.5), self.top
        text = f"peak: {self.plan.live_bytes(step):,} B"
        longer = f"{text}, {layer_name(self.plan, step)}"
        if text_width(longer, _FONT) < self.right - self.left:
            text = longer
        half = text_width(text, _FONT) / 2
        anchor: Anchor
        if x - half < self.left:
            x_text, anchor = self.left, "start"
        elif x + half > self.right:
            x_text, anchor = self.right, "end"
        else:
            x_text, anchor = x, "middle"
        self.picture.add(
            Line((x, y - 6), (x, self.bottom), MARK, 2),
            Polygon([(x - 6, y - 11), (x + 6, y - 11), (x, y - 1)], MARK),
            Text((x_text, y - 20), text, _FONT, anchor, MARK, bold=True),
        )


def _ticks(most: int, count: int) -> Iterator[int]:
    """Round numbers from 0 up to `most`, about `count` of them."""
    step = 1
    while most / step > count:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    yield from range(0, most + 1, step)
