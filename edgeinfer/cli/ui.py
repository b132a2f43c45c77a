# SPDX-License-Identifier: Apache-2.0
"""What commands show: results on stdout, progress and notes on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

Advance = Callable[[float], None]


class Ui:
    """The terminal of one command. Colours and bars appear on a terminal only."""

    def __init__(self, quiet: bool = False) -> None:
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)
        self.quiet = quiet

    def note(self, text: str) -> None:
        """Something worth knowing that is not the result."""
        if not self.quiet:
            self.err.print(text, style="dim", markup=False)

    def warn(self, text: str) -> None:
        """Something that may be wrong."""
        self.err.print(f"warning: {text}", style="yellow", markup=False)

    def say(self, text: str = "", style: str = "") -> None:
        """A line of the result."""
        self.out.print(text, style=style, markup=False)

    @contextmanager
    def progress(self, label: str) -> Iterator[Advance]:
        """A bar for work that takes longer than a second; call the value with 0..1."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        hidden = self.quiet or not self.err.is_terminal
        with Progress(*columns, console=self.err, disable=hidden, transient=True) as bar:
            task = bar.add_task(label, total=1.0)
            yield lambda done: bar.update(task, completed=done)

    def table(self, rows: list[list[str]], heads: list[str], numbers: str = "") -> None:
        """A plain table; `numbers` has an 'r' for each right-aligned column."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for i, head in enumerate(heads):
            right = i < len(numbers) and numbers[i] == "r"
            table.add_column(head, justify="right" if right else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.out.print(table, soft_wrap=False)


def size(count: int) -> str:
    """A number of bytes for people."""
    return f"{count:,} B"
