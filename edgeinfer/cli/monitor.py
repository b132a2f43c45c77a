# SPDX-License-Identifier: Apache-2.0
"""edgeinfer monitor: a board's serial line on the terminal."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from edgeinfer.boards import emulator
from edgeinfer.boards.board import BAUD, load_board
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui
from edgeinfer.errors import BoardError, DeviceError
from edgeinfer.wire.monitor import Monitor

NAME, HELP = "monitor", "talk to a board over its serial line; Ctrl-C or Ctrl-] ends"
EXAMPLES = (
    "edgeinfer monitor --board netduinoplus2   # then type: name% ei info%",
    "edgeinfer monitor --port /dev/ttyACM0 --baud 9600",
    "edgeinfer monitor --port socket://raspberrypi:7000",
    "echo 'ei mem%' | edgeinfer monitor --board microbit   # ends when the board has answered",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--board", metavar="B", help="the board that runs or is connected (default: the only one)"
    )
    where.add_argument("--port", metavar="P", help="a serial port, or socket://HOST:PORT")
    parser.add_argument(
        "--baud",
        type=common.positive,
        metavar="N",
        help=f"bits per second (default: the board's, or {BAUD})",
    )
    parser.add_argument("--no-echo", action="store_true", help="do not show what is typed")


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    board = load_board(args.board or _only()) if args.port is None else None
    baud = args.baud or (board.baud if board else BAUD)
    port = args.port or common.running_port(board)
    keys = sys.stdin or Path(os.devnull).open()  # noqa: SIM115
    said: list[str] = []

    def find() -> str:
        """Where the board is now: an emulated one that was flashed again is elsewhere."""
        nonlocal port
        if board is not None:
            port = common.running_port(board)
        return port

    def show(text: str) -> None:
        if args.json:
            said.append(text)
        else:
            sys.stdout.write(text.replace("\r\n", "\n"))
            sys.stdout.flush()

    def tell(text: str) -> None:
        if keys.isatty() and not args.json:
            ui.note(text)

    monitor = Monitor(find, baud, show, tell)
    where = f"{board.name if board else 'Line'} at {port}, {baud} baud"
    monitor.run(keys, f"{where}. Ctrl-C or Ctrl-] ends.", echo=not args.no_echo and not args.json)
    result: dict[str, Any] = {"port": port, "baud": baud, "received_bytes": monitor.received}
    return result | ({"text": "".join(said)} if args.json else {})


def _only() -> str:
    """The one board that runs, if there is no other."""
    names = [each.board for each in emulator.running()]
    if len(names) == 1:
        return names[0]
    if names:
        raise BoardError(f"Several boards run: {', '.join(names)}.", "Name one with --board.")
    raise DeviceError(
        "No board is named, and none runs.", "Give --board or --port; see 'edgeinfer boards'."
    )


def show(result: dict[str, Any], ui: Ui) -> None:
    """All was shown as it came."""
