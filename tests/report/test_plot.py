# SPDX-License-Identifier: Apache-2.0
"""Drawings of plans: every tensor is there, at its place, and the files need nothing else."""

from __future__ import annotations

import importlib.util
import io
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from edgeinfer.compile import make_plan
from edgeinfer.errors import DataError
from edgeinfer.graph import Graph, Node, Tensor
from edgeinfer.lower import Program, lower
from edgeinfer.ops.base import Call, Ref
from edgeinfer.plan import SCRATCH, SMALLEST, Plan, plan
from edgeinfer.report import plotter
from edgeinfer.report.memory_map import MemoryMap
from edgeinfer.report.picture import Polygon, Text, text_width
from tests.bench.plot import Series, scaling
from tests.optimize.networks import network


def chain(count: int, name: str = "layer") -> Plan:
    """A plan of `count` tensors, each made of the one before."""
    tensors = [Tensor(f"{name}{i}", (100 + 7 * i,), np.dtype(np.int8)) for i in range(count)]
    nodes = [Node("OP", (i,), (i + 1,)) for i in range(count - 1)]
    calls = [Call("k", {}, (Ref(i),), Ref(i + 1), node=i) for i in range(count - 1)]
    graph = Graph(tuple(tensors), tuple(nodes), (0,), (count - 1,), name="chain")
    return plan(Program(graph, tuple(calls), {}), lambda call: 12)


@pytest.mark.parametrize("seed", range(4))
def test_traces_tell_what_lives_tell(seed: int) -> None:
    made = make_plan(lower(network(seed)), SMALLEST)
    for step, lives in enumerate(made.lives):
        drawn = {
            (t.tensor, p.lo, p.hi)
            for t in made.traces
            for p in t.pieces
            if p.begin < step + 1 and p.end > step
        }
        for tensor, offset, size in lives:
            own = [(lo, hi) for t, lo, hi in drawn if t == tensor]
            assert min(lo for lo, _ in own) <= offset
            assert max(hi for _, hi in own) >= offset + size
        assert {t for t, _, _ in drawn} == {live.tensor for live in lives}


def test_sixty_tensors_are_told_apart() -> None:
    made = MemoryMap(chain(60))
    assert len(made.things) == 61
    for a, b in zip(made.things, made.things[1:], strict=False):
        assert a.colour != b.colour
    for width, height in ((1280, 600), (400, 460)):
        picture = made.picture(width, height)
        texts = [s for s in picture.shapes if isinstance(s, Text) and not s.upright]
        boxes = [(t, text_width(t.text, t.size) / 2, t.size / 2) for t in texts]
        for i, (a, w, h) in enumerate(boxes):
            for b, v, k in boxes[:i]:
                if a.anchor == b.anchor == "middle":
                    apart = abs(a.at[0] - b.at[0]) >= w + v or abs(a.at[1] - b.at[1]) >= h + k
                    assert apart, (a.text, b.text)
        for shape in picture.shapes:
            if isinstance(shape, Polygon):
                assert all(0 <= x <= width and 0 <= y <= height for x, y in shape.points)


def test_svg_is_xml_and_says_everything() -> None:
    made = chain(9, name='<b&"\x07')
    root = ElementTree.fromstring(plotter("a.svg")(made).decode())
    text = " ".join(root.itertext())
    for index in range(9):
        assert f'<b&"?{index}' in text
    assert f"{made.arena_bytes:,} bytes of memory" in text
    assert f"peak: {made.live_bytes(made.peak_step):,} B" in text
    titles = [e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any("100 B" in t and "alive in step 0" in t for t in titles)


def test_the_page_asks_for_nothing_else() -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.keys: set[str | None] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            known = dict(attrs)
            assert not {"src", "href"} & set(known)
            self.keys.add(known.get("data-key"))

    text = plotter("A.HTML")(chain(60)).decode()
    reader = Reader()
    reader.feed(text)
    assert {str(i + 1) for i in range(61)} <= reader.keys
    assert not re.search(r"url\(|@import|fetch\(", text)
    assert "prefers-color-scheme: dark" in text


def test_png_shows_each_tensor_in_its_colour() -> None:
    made = chain(9)
    image = Image.open(io.BytesIO(plotter("a.png")(made)))
    assert image.width == 2560
    colours = {c for _, c in image.convert("RGB").getcolors(1 << 24) or []}
    for thing in MemoryMap(made).things:
        assert tuple(bytes.fromhex(thing.colour[1:])) in colours


def test_scratch_is_drawn_where_it_lies() -> None:
    made = chain(3)
    (first, *_) = [t for t in made.traces if t.tensor == SCRATCH]
    assert first.pieces[0].hi - first.pieces[0].lo == 12
    assert (first.pieces[0].begin, first.pieces[0].end) == (0, 1)


def test_other_endings_and_a_missing_pillow_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"\.svg, \.png, \.html"):
        plotter("plan.pdf")
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "PIL" else find(name, *a)
    )
    with pytest.raises(DataError, match=r"edgeinfer\[plot\]"):
        plotter("plan.png")


def test_a_plan_without_steps_is_drawn() -> None:
    x = Tensor("x", (16,), np.dtype(np.int8))
    made = plan(Program(Graph((x,), (), (0,), (0,)), (), {}), lambda call: 0)
    for ending in ("svg", "html", "png"):
        assert plotter(f"plan.{ending}")(made)


def test_scaling_shows_every_network_at_its_cost() -> None:
    wider = [("0.5", 1_000_000, 1_500_000), ("1", 4_000_000, 4_000_000)]
    drawn = scaling("A network", (Series("width grows", wider, True),))
    boxes = [shape for shape in drawn.shapes if isinstance(shape, Polygon)]
    assert [shape.tip for shape in boxes] == [
        "0.5: 1,500,000 instructions for 1,000,000 MACs",
        "1: 4,000,000 instructions for 4,000,000 MACs",
    ]
    (x0, y0), (x1, y1) = (shape.points[0] for shape in boxes)
    assert x0 < x1 and y0 < y1  # the larger network is further right, its cost lower
    assert "width grows 0.5 1.500, 1 1.000" in drawn.title
    assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in (*boxes[0].points,))
