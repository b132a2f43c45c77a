# SPDX-License-Identifier: Apache-2.0
"""edgeinfer boards: what is known, what runs and what is connected."""

from __future__ import annotations

import argparse
from typing import Any

from serial.tools import list_ports

from edgeinfer import emulator
from edgeinfer.boards import all_boards, load_board
from edgeinfer.cli.ui import Ui

NAME, HELP = "boards", "list the known boards, the emulators that run, and the serial ports"
EXAMPLES = (
    "edgeinfer boards",
    "edgeinfer boards --stop netduinoplus2   # or: --stop all",
    "edgeinfer boards --json",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stop", metavar="B", help="stop a board's emulator ('all' for each)")


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    asked: list[str] = []
    if args.stop == "all":
        asked = [e.board for e in emulator.running()]
    elif args.stop is not None:
        asked = [load_board(args.stop).name]
    stopped = [name for name in asked if emulator.stop(name)]
    ports = {e.board: e.port for e in emulator.running()}
    result: dict[str, Any] = {
        "boards": [
            {
                "board": board.name,
                "title": board.title,
                "core": board.core,
                "flash_bytes": board.flash_bytes,
                "ram_bytes": board.ram_bytes,
                "verified": board.verified,
                "pins": board.pins,
                "port": ports.get(board.name),
            }
            for board in all_boards()
        ],
        "serial_ports": [
            {"port": port.device, "title": port.description}
            for port in sorted(list_ports.comports())
            if port.vid is not None  # on USB; the others are the PC's own
        ],
    }
    if args.stop is not None:
        result["stopped"] = stopped
    return result


def show(result: dict[str, Any], ui: Ui) -> None:
    if "stopped" in result:
        names = ", ".join(result["stopped"])
        ui.say(f"Stopped {names}." if names else "It was not running: nothing to stop.")
        return
    ui.table(
        [
            [
                b["board"],
                b["core"],
                f"{b['flash_bytes'] // 1024} KB",
                f"{b['ram_bytes'] // 1024} KB",
                b["verified"],
                b["port"] or "-",
                b["title"],
            ]
            for b in result["boards"]
        ],
        ["board", "core", "flash", "RAM", "tried on", "running at", ""],
        "  rr",
        cut=6,
    )
    for port in result["serial_ports"]:
        ui.say(f"{port['port']}: {port['title']}")
