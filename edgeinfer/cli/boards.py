# SPDX-License-Identifier: Apache-2.0
"""edgeinfer boards: what is known and what runs."""

from __future__ import annotations

import argparse
from typing import Any

from edgeinfer import emulator
from edgeinfer.boards import all_boards, load_board
from edgeinfer.cli.ui import Ui

NAME, HELP = "boards", "list the known boards and the emulators that run"
EXAMPLES = ("edgeinfer boards", "edgeinfer boards --stop netduinoplus2", "edgeinfer boards --json")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stop", metavar="B", help="stop a board's emulator ('all' for each)")


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    stopped: list[str] = []
    if args.stop == "all":
        stopped = [e.board for e in emulator.running() if emulator.stop(e.board)]
    elif args.stop:
        stopped = [args.stop] if emulator.stop(load_board(args.stop).name) else []
    ports = {e.board: e.port for e in emulator.running()}
    return {
        "boards": [
            {
                "board": board.name,
                "title": board.title,
                "core": board.core,
                "flash_bytes": board.flash_bytes,
                "ram_bytes": board.ram_bytes,
                "verified": board.verified,
                "port": ports.get(board.name),
            }
            for board in all_boards()
        ],
        "stopped": stopped,
    }


def show(result: dict[str, Any], ui: Ui) -> None:
    for name in result["stopped"]:
        ui.say(f"Stopped {name}.")
    ui.table(
        [
            [
                b["board"],
                b["core"],
                f"{b['flash_bytes'] // 1024} KB",
                f"{b['ram_bytes'] // 1024} KB",
                b["verified"],
                b["port"] or "",
                b["title"],
            ]
            for b in result["boards"]
        ],
        ["board", "core", "flash", "RAM", "verified by", "running at", ""],
        "  rr",
    )
