# SPDX-License-Identifier: Apache-2.0
"""What commands show: results on stdout, progress and notes on stderr."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import NoReturn, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from edgeinfer.inspection import short_name

GAP = 2  # columns between the columns of a table
LEAST = 16  # a column cut narrower than this says nothing and is left out
LONG = 40  # characters from which on a name in a sentence is shortened


class Advance(Protocol):
    """Moves a progress bar: `done` in 0..1 (None: not known), `what` is going on now, of how many
    things (None: as before)."""

    def __call__(self, done: float | None, what: str = "", count: int | None = None) -> None: ...


class _Rate(ProgressColumn):
    """Things in a second: those that the task counts, from how fast the bar moves."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(rate(task.fields["count"] * speed, task.fields["unit"]) if speed else "")


class _Console(Console):
    """A console that leaves a reader who has seen enough to the caller."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


class Ui:
    """The terminal of one command. Colours, wrapped lines and bars appear on a terminal only.

    `quiet`: stdout is for JSON, and stderr stays empty."""

    def __init__(self, quiet: bool = False) -> None:
        plain = {"highlight": False, "markup": False, "emoji": False, "soft_wrap": True}
        self.out = _Console(**plain)  # type: ignore[arg-type]
        self.err = _Console(stderr=True, **plain)  # type: ignore[arg-type]
        self.quiet = quiet

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None when stdout is a file or pipe."""
        return self.out.width if self.out.is_terminal else None

    def warn(self, text: str) -> None:
        """Something that may be wrong."""
        if not self.quiet:
            _print(self.err, f"warning: {with_short_names(text)}", "yellow")

    def note(self, text: str) -> None:
        """What happens beside the result."""
        if not self.quiet:
            _print(self.err, text, "dim")

    def error(self, what: str, remedy: str) -> None:
        """Why a command ends, and what to do."""
        _print(self.err, f"error: {with_short_names(what)}", "bold red")
        if remedy:
            _print(self.err, with_short_names(remedy))

    def say(self, text: str = "", style: str = "") -> None:
        """Lines of the result."""
        for line in text.split("\n"):
            _print(self.out, line, style)

    @contextmanager
    def progress(self, label: str, count: int = 0, unit: str = "B") -> Iterator[Advance]:
        """A bar for work that takes longer than a second; it pulses until it is told how far.

        With `count` it shows how many of these things, of this unit, are done in a second."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            _Rate(),
            TimeRemainingColumn(),
        )
        hidden = self.quiet or not self.err.is_terminal
        with Progress(*columns, console=self.err, disable=hidden, transient=True) as bar:
            task = bar.add_task(label, total=None, count=count, unit=unit)

            def advance(done: float | None, what: str = "", count: int | None = None) -> None:
                words = f"{label}: {what}" if what else label
                total = None if done is None else 1.0
                bar.update(task, total=total, completed=done, description=words)
                if count is not None:
                    bar.update(task, count=count)

            yield advance

    def table(
        self,
        rows: list[list[str]],
        heads: list[str],
        numbers: str = "",
        cut: int | None = None,
        styles: Sequence[str] = (),
    ) -> None:
        """A plain table; `numbers` has an 'r' for each right-aligned column, `styles` one of rich's
        for each row.

        A column without any cell is left out. On a terminal that is too narrow, the column `cut`
        loses its end, or is left out."""
        columns = [i for i in range(len(heads)) if any(row[i] for row in rows)]
        widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
        if self.width is not None and cut in columns:
            others = sum(widths[i] + GAP for i in columns if i != cut)
            room = self.width - others
            if room < min(LEAST, widths[cut]):
                columns.remove(cut)
            widths[cut] = min(widths[cut], max(room, 0))
        for row, style in zip_longest((heads, *rows), ("bold", *styles), fillvalue=""):
            cells = []
            for i in columns:
                right = i < len(numbers) and numbers[i] == "r"
                cell = clip(row[i], widths[i])
                cells.append(cell.rjust(widths[i]) if right else cell.ljust(widths[i]))
            line = printable((" " * GAP).join(cells).rstrip())
            self.out.print(line, style=style, no_wrap=True)


def size(count: int) -> str:
    """A number of bytes for people."""
    return f"{count:,} B"


def rate(each_second: float, unit: str) -> str:
    """How fast things go, for people; "" if they do not."""
    if unit == "B":
        return f"{each_second / 1000:.1f} kB/s" if each_second else ""
    if 0 < each_second < 1:
        return f"{1 / each_second:.1f} s per {unit}"
    return f"{each_second:.1f} {unit}s/s" if each_second else ""


def some(count: int, thing: str) -> str:
    """A number of things for people: 1 sample, 2 samples."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def clip(text: str, width: int) -> str:
    """The beginning of a text, at most `width` characters."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def printable(text: str) -> str:
    """Without what could control the terminal: names come from files."""
    return "".join(c if c.isprintable() else "?" for c in text)


def with_short_names(text: str) -> str:
    """A sentence with the telling parts of the fused names that it quotes."""

    def shorter(match: re.Match[str]) -> str:
        return f"'{short_name(match[1])}'" if len(match[1]) >= LONG else match[0]

    return re.sub(r"'([^'\s]*;[^'\s]*)'", shorter, text)


def _print(console: Console, line: str, style: str = "") -> None:
    """One line; on a terminal wrapped between words, with its indentation kept."""
    line = printable(line)
    if console.is_terminal and len(line) > console.width:
        margin = " " * (len(line) - len(line.lstrip()) + 2)
        line = textwrap.fill(
            line,
            console.width,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
        )
    console.print(line, style=style)
