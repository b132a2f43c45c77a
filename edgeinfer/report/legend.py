# SPDX-License-Identifier: Apache-2.0
"""The tensors of a memory map as a list: below the picture, or as the table of a page."""

from __future__ import annotations

from edgeinfer.report.memory_map import MemoryMap
from edgeinfer.report.picture import DARK, DIM, Picture, Polygon, Text, box, fitted, text_width
from edgeinfer.report.svg import quoted

WIDTH, HEIGHT = 1280, 620  # of the map with its title
_MARGIN, _COLUMNS, _ROW = 24, 4, 19


def with_legend(drawn: MemoryMap) -> Picture:
    """The map with a title above and a legend below."""
    rows = -(-len(drawn.things) // _COLUMNS)
    made = drawn.picture(WIDTH, HEIGHT, top=112)
    made.height = HEIGHT + rows * _ROW + _MARGIN
    made.add(
        Text((_MARGIN, 32), fitted(drawn.title, 24, WIDTH - 2 * _MARGIN), 24, bold=True),
        Text((_MARGIN, 60), fitted(drawn.subtitle, 14, WIDTH - 2 * _MARGIN), 14, colour=DIM),
    )
    wide = (WIDTH - 2 * _MARGIN) / _COLUMNS
    key = "each tensor's bytes in the arena, its first and last step"
    made.add(Text((_MARGIN, HEIGHT - 16), key, 11, colour=DIM))
    for index, thing in enumerate(drawn.things):
        x, y = _MARGIN + index // rows * wide, HEIGHT + 8 + index % rows * _ROW
        facts = f"{thing.amount}, {thing.life}"
        room = wide - 50 - text_width(facts, 11)
        made.add(
            Polygon(box(x, y - 8, x + 24, y + 8), thing.colour),
            Text((x + 12, y), str(thing.number), 11, "middle", DARK),
            Text((x + 30, y), fitted(thing.name, 12, room)),
            Text((x + wide - 14, y), facts, 11, "end", DIM),
        )
    return made


def table(drawn: MemoryMap) -> str:
    """The same as an HTML table, whose rows light up with what they name."""
    rows = "\n".join(
        f'<tr data-key="{thing.number}"><td class="number"><span class="swatch" '
        f'style="background:{thing.colour}"></span>{thing.number}</td>'
        f"<td>{quoted(thing.name)}</td>"
        f'<td class="less">{quoted(thing.kind)}</td>'
        f'<td class="number">{quoted(thing.amount)}</td>'
        f'<td class="number">{thing.life}</td></tr>'
        for thing in drawn.things
    )
    return f"""<table>
<tr><th></th><th>tensor</th><th class="less">shape</th><th class="number">bytes</th>
<th class="number">steps</th></tr>
{rows}
</table>"""
