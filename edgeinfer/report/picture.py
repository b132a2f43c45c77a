# SPDX-License-Identifier: Apache-2.0
"""A picture as a list of shapes, in pixels from the top left corner; svg and png draw the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
INK = "ink"  # what stands on the ground: text and axes
DIM = "dim"  # the same, less important
GRID = "grid"
GROUND = "ground"
SHADE = "shade"  # a ground that stands out
MARK = "mark"  # what to look at first
EDGE = 0.75  # pixels of an outline
DARK = "#16202b"  # text on any colour of the palette
SCRATCH = "#9aa5b1"
PALETTE = (
    "#6ea8fe",
    "#ffb454",
    "#5fcf9b",
    "#f28ba8",
    "#b49cf2",
    "#e6cf57",
    "#63cbd8",
    "#e89a7a",
    "#a3d65c",
    "#d68fdc",
    "#8fb3c9",
    "#d6b98c",
)
# The roles' colours by day; by night a page says others (page.py).
ROLES = {
    INK: "#16202b",
    DIM: "#5c6976",
    GRID: "#dde3e9",
    GROUND: "#ffffff",
    SHADE: "#eef1f5",
    MARK: "#d61f45",
}


@dataclass(frozen=True)
class Polygon:
    """A filled outline; `key` and `tip` tell a page which thing it is and what is known of it."""

    points: Sequence[Point]
    fill: str  # a role or a colour
    edge: str = ""
    key: str = ""
    tip: str = ""


@dataclass(frozen=True)
class Line:
    """A straight line of some width, broken into dashes or not."""

    start: Point
    end: Point
    colour: str
    width: float = 1
    dashed: bool = False


@dataclass(frozen=True)
class Text:
    """One line of text whose middle height is at `at`; upright it reads from below."""

    at: Point
    text: str
    size: float = 12
    anchor: Anchor = "start"
    colour: str = INK
    bold: bool = False
    upright: bool = False


Shape = Polygon | Line | Text


@dataclass
class Picture:
    """Shapes on a ground of some size; later ones lie over earlier ones."""

    width: float
    height: float
    title: str
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Put shapes on top."""
        self.shapes += shapes


def box(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    """The corners of a rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def colour(name: str) -> str:
    """The colour of a role by day; any other colour is itself."""
    return ROLES.get(name, name)


def text_width(text: str, size: float) -> float:
    """About the pixels that a line takes: sans-serif letters are a little over half as wide as
    their size, capitals and wide letters more."""
    wide = sum(
        0.74 if c.isupper() or c in "mwMW_@%—" else 0.3 if c in "iljtf.,:;'|/ " else 0.59
        for c in text
    )
    return wide * size


def fitted(text: str, size: float, width: float) -> str:
    """A text's end, which of a tensor's name tells the most, cut so that it takes this width."""
    if text_width(text, size) <= width:
        return text
    while text and text_width("…" + text, size) > width:
        text = text[1:]
    return "…" + text if text else ""
