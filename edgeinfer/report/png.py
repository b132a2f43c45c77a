# SPDX-License-Identifier: Apache-2.0
"""Picture → PNG, by Pillow of the extra `plot`."""

from __future__ import annotations

import importlib.util
import io
from typing import TYPE_CHECKING, Any

from edgeinfer.errors import DataError
from edgeinfer.report.picture import EDGE, GROUND, Line, Picture, Point, Polygon, Text, colour

if TYPE_CHECKING:
    from PIL import Image

SCALE = 2  # pixels of the file for each of the picture: sharp on a projector
_FINE = 2  # drawn so much larger and made smaller again, for smooth edges
_ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def require_pillow() -> None:
    """Raises DataError naming the extra when Pillow is not installed."""
    if importlib.util.find_spec("PIL") is None:
        raise DataError(
            "Drawing a PNG needs Pillow, which is not installed.",
            "Install it with: pip install 'edgeinfer[plot]', or plot to .svg or .html.",
        )


def png(picture: Picture) -> bytes:
    """The bytes of a PNG file of twice the picture's width and height."""
    from PIL import Image, ImageDraw

    full = SCALE * _FINE
    width, height = round(picture.width * full), round(picture.height * full)
    canvas = Image.new("RGB", (width, height), colour(GROUND))
    draw = ImageDraw.Draw(canvas)
    for shape in picture.shapes:
        if isinstance(shape, Polygon):
            points = [(x * full, y * full) for x, y in shape.points]
            draw.polygon(points, colour(shape.fill))
            if shape.edge:
                closed = [*points, points[0]]
                draw.line(closed, colour(shape.edge), round(EDGE * full), joint="curve")
        elif isinstance(shape, Line):
            for start, end in _dashes(shape):
                ends = [(x * full, y * full) for x, y in (start, end)]
                draw.line(ends, colour(shape.colour), round(shape.width * full))
        else:
            _text(canvas, draw, shape, full)
    small = canvas.resize((width // _FINE, height // _FINE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _dashes(line: Line) -> list[tuple[Point, Point]]:
    (x0, y0), (x1, y1) = line.start, line.end
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    if not line.dashed or not length:
        return [(line.start, line.end)]

    def at(distance: float) -> Point:
        share = min(distance / length, 1)
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0)

    return [(at(d), at(d + 5)) for d in range(0, round(length), 9)]


def _text(canvas: Image.Image, draw: Any, text: Text, full: int) -> None:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(text.size * full)
    x, y = (v * full for v in text.at)
    more = {"stroke_width": full / 6} if text.bold else {}
    if not text.upright:
        draw.text((x, y), text.text, colour(text.colour), font, _ANCHORS[text.anchor], **more)
        return
    left, top, right, bottom = (round(v) for v in font.getbbox(text.text, anchor="ls"))
    pad = full
    flat = Image.new("L", (right - left + 2 * pad, bottom - top + 2 * pad))
    ImageDraw.Draw(flat).text((pad - left, pad - top), text.text, 255, font, "ls", **more)
    turned = flat.transpose(Image.Transpose.ROTATE_90)
    shift = {"start": turned.height - pad, "middle": turned.height // 2, "end": pad}[text.anchor]
    corner = (round(x) - turned.width // 2, round(y) - shift)
    canvas.paste(colour(text.colour), corner, turned)
