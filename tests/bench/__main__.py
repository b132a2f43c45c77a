# SPDX-License-Identifier: Apache-2.0
"""Today's figures of the public models beside measured peers and targets.

    python -m tests.bench [MODEL …] [--write FILE.md]    # and scaling.svg beside it

Needs the models and baselines in ../shared. Emulators count: every run gives the same figures, but
for the times on this PC, which are of this run (host.py)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edgeinfer.cli.ui import Ui
from edgeinfer.report.svg import svg
from tests.bench.peers import MODELS
from tests.bench.tables import Bench, Table
from tests.conftest import ROOT

PICTURE = "scaling.svg"  # beside the file that is written


def main() -> int:
    """Print the tables, and write them if asked; 1 when ../shared is absent."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--write", type=Path, metavar="FILE.md")
    args = parser.parse_args()
    if unknown := set(args.models) - set(MODELS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(MODELS)}")
    shared, ui, made = ROOT.parent / "shared", Ui(), []
    if not shared.is_dir():
        ui.say("make bench needs the models and baselines in ../shared.", style="red")
        return 1
    with ui.progress("Benchmarking") as advance:
        bench = Bench(shared, tuple(args.models or MODELS), lambda what: advance(None, what))
        for table in bench.tables():
            made.append(table)
            ui.say()
            ui.say(table.title, style="bold")
            ui.table(table.rows, table.heads, " " + "r" * (len(table.heads) - 1))
            ui.say(table.note)
    if args.write:
        for table in made:
            if table.picture:
                (args.write.parent / PICTURE).write_text(svg(table.picture), encoding="utf-8")
        args.write.write_text(_document(made), encoding="utf-8")
    return 0


def _document(tables: list[Table]) -> str:
    lines = [
        "<!-- SPDX-License-Identifier: Apache-2.0 -->",
        "# Benchmarks",
        "",
        "Written by `make bench`, which measures all of it again (some minutes) and needs the",
        "public models in ../shared. One model on one board: `edgeinfer bench MODEL --board B`.",
        "Emulators count executed instructions, so the figures are the same in every run, but for",
        "the times on a PC; peers were measured in the same emulators, on the PC in the same run.",
    ]
    for table in tables:
        lines += ["", f"## {table.title}", "", "| " + " | ".join(table.heads) + " |"]
        lines.append("|---" + "|--:" * (len(table.heads) - 1) + "|")
        lines += ["| " + " | ".join(row) + " |" for row in table.rows]
        lines += ["", table.note]
        if table.picture:
            lines += ["", f"![{table.picture.title}]({PICTURE})"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
