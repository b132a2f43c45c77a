# SPDX-License-Identifier: Apache-2.0
"""A plan's memory map as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgeinfer.errors import DataError
from edgeinfer.plan import Plan
from edgeinfer.report.legend import table, with_legend
from edgeinfer.report.memory_map import MemoryMap
from edgeinfer.report.page import page
from edgeinfer.report.png import png, require_pillow
from edgeinfer.report.svg import svg


def _svg(drawn: MemoryMap) -> bytes:
    return svg(with_legend(drawn)).encode()


def _png(drawn: MemoryMap) -> bytes:
    return png(with_legend(drawn))


def memory(drawn: MemoryMap) -> str:
    """A part of a page: the map for wide and narrow screens, and a table of the tensors."""
    wide, narrow = drawn.picture(1280, 560), drawn.picture(400, 460)
    return f"""<div class="wide">{svg(wide, live=True)}</div>
<div class="narrow">{svg(narrow, live=True)}</div>
{table(drawn)}"""


def _html(drawn: MemoryMap) -> bytes:
    return page(drawn.title, drawn.subtitle, memory(drawn)).encode()


FORMATS: dict[str, Callable[[MemoryMap], bytes]] = {".svg": _svg, ".png": _png, ".html": _html}


def plotter(path: str | Path) -> Callable[[Plan], bytes]:
    """What draws a plan into the bytes of a file: time in steps to the right, addresses upwards.

    The ending of `path` chooses among FORMATS. Raises DataError for another ending, and for .png
    without the extra `plot`."""
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise DataError(
            f"{path} has the ending of no kind of drawing.",
            f"Let it end in {', '.join(FORMATS)}.",
        )
    if ending == ".png":
        require_pillow()
    return lambda plan: FORMATS[ending](MemoryMap(plan))
