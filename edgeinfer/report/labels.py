# SPDX-License-Identifier: Apache-2.0
"""Where a name fits into a shape of stairs, and into no other name."""

from __future__ import annotations

from collections.abc import Sequence

from edgeinfer.report.picture import DARK, Picture, Text, text_width

_COLUMN = 3.0  # pixels in which a place for a name is looked for

Stair = tuple[float, float, float, float]  # x from and to, upper and lower y


class Labels:
    """The names in a picture; none lies over another."""

    def __init__(self, picture: Picture, size: float) -> None:
        self.picture, self.size = picture, size
        self.taken: list[tuple[float, float, float, float]] = []  # middle and size of labels

    def put(self, stairs: Sequence[Stair], name: str, amount: str, number: str) -> None:
        """The name with its amount where the shape has room for both; else the name, if need be
        upright; else the number; else nothing."""
        columns, font = _columns(stairs), self.size
        wide = text_width(name, font) + 8
        for text, upright, two in (
            (name, False, True),
            (name, False, False),
            (name, True, False),
            (number, False, False),
        ):
            width = wide if text == name else text_width(text, 11) + 4
            needed = (font + 4, width) if upright else (width, 2.6 * font if two else font)
            place = _room(columns, *needed)
            if place is None or not self._free(*place, *needed):
                continue
            x, y = place
            if two:
                self.picture.add(
                    Text((x, y - 8), text, font, "middle", DARK, bold=True),
                    Text((x, y + 8), amount, 11, "middle", DARK),
                )
            else:
                self.picture.add(Text((x, y), text, 11, "middle", DARK, upright=upright))
            return

    def _free(self, x: float, y: float, width: float, height: float) -> bool:
        """Whether no other label is there; if so it is taken."""
        for x1, y1, width1, height1 in self.taken:
            if 2 * abs(x - x1) < width + width1 and 2 * abs(y - y1) < height + height1:
                return False
        self.taken.append((x, y, width, height))
        return True


def _columns(stairs: Sequence[Stair]) -> list[tuple[float, float, float]]:
    """x, upper and lower y of narrow columns of a shape."""
    found: list[tuple[float, float, float]] = []
    for x0, x1, upper, lower in stairs:
        if found and x1 - found[-1][0] < _COLUMN:
            found[-1] = (found[-1][0], max(found[-1][1], upper), min(found[-1][2], lower))
            continue
        for i in range(max(int((x1 - x0) / _COLUMN), 1)):
            found.append((x0 + i * _COLUMN, upper, lower))
    return found


def _room(
    columns: list[tuple[float, float, float]], width: float, height: float
) -> tuple[float, float] | None:
    """The middle of the longest stretch of columns that has a rectangle of this size."""
    best: tuple[float, float, float] | None = None
    for i in range(len(columns)):
        if best and columns[-1][0] - columns[i][0] < best[0]:
            break
        upper, lower = columns[i][1:]
        for j in range(i, len(columns)):
            upper, lower = max(upper, columns[j][1]), min(lower, columns[j][2])
            if lower - upper < height:
                break
            length = columns[j][0] + _COLUMN - columns[i][0]
            if length >= width and (best is None or length > best[0]):
                best = length, columns[i][0] + length / 2, (upper + lower) / 2
    return best and best[1:]
