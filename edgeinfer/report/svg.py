# SPDX-License-Identifier: Apache-2.0
"""Picture → SVG: plain attributes, so that slides and drawing programs show it too."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from edgeinfer.report.picture import (
    EDGE,
    GROUND,
    ROLES,
    Line,
    Picture,
    Polygon,
    Shape,
    Text,
    colour,
)

FONT = "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


def svg(picture: Picture, *, live: bool = False) -> str:
    """The text of an SVG file; `live` is for a page, which has tips and colours of its own."""
    width, height = picture.width, picture.height
    size = f'viewBox="0 0 {_number(width)} {_number(height)}"'
    if not live:
        size += f' width="{_number(width)}" height="{_number(height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONT}" '
        f'aria-label="{quoted(picture.title)}">'
    ]
    if not live:
        lines.append(f"<title>{quoted(picture.title)}</title>")
        lines.append(f'<rect width="100%" height="100%" fill="{colour(GROUND)}"/>')
    for shape in picture.shapes:
        lines += _shape(shape, live)
    return "\n".join((*lines, "</svg>")) + "\n"


def quoted(text: str) -> str:
    """Text as XML has it, without characters that it forbids."""
    return escape("".join(c if c.isprintable() or c == "\n" else "?" for c in text))


def _shape(shape: Shape, live: bool) -> Iterator[str]:
    if isinstance(shape, Polygon):
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in shape.points)
        known = f' data-key="{quoted(shape.key)}"' if live and shape.key else ""
        known += f' data-tip="{quoted(shape.tip)}"' if live and shape.tip else ""
        tip = f"<title>{quoted(shape.tip)}</title>" if shape.tip and not live else ""
        edge = f' stroke-width="{EDGE}" stroke-linejoin="round"' if shape.edge else ""
        paint = _paint(fill=shape.fill, stroke=shape.edge)
        yield f'<polygon points="{points}"{paint}{edge}{known}>{tip}</polygon>'
    elif isinstance(shape, Line):
        (x0, y0), (x1, y1) = shape.start, shape.end
        dashes = ' stroke-dasharray="5 4"' if shape.dashed else ""
        yield (
            f'<line x1="{_number(x0)}" y1="{_number(y0)}" x2="{_number(x1)}" y2="{_number(y1)}"'
            f'{_paint(stroke=shape.colour)} stroke-width="{_number(shape.width)}"{dashes}/>'
        )
    else:
        yield _text(shape)


def _text(text: Text) -> str:
    x, y = (_number(v) for v in text.at)
    turned = f' transform="rotate(-90 {x} {y})"' if text.upright else ""
    bold = ' font-weight="600"' if text.bold else ""
    return (
        f'<text x="{x}" y="{y}" dy="0.35em" font-size="{_number(text.size)}" '
        f'text-anchor="{text.anchor}"{_paint(fill=text.colour)}{bold}{turned} '
        f'pointer-events="none">{quoted(text.text)}</text>'
    )


def _paint(*, fill: str = "", stroke: str = "") -> str:
    """Colours as attributes, and roles as classes, for which a page has colours of its own."""
    paints = [(attribute, name) for attribute, name in (("fill", fill), ("stroke", stroke)) if name]
    roles = " ".join(f"{attribute[0]}-{name}" for attribute, name in paints if name in ROLES)
    said = "".join(f' {attribute}="{colour(name)}"' for attribute, name in paints)
    return said + (f' class="{roles}"' if roles else "")


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
