# SPDX-License-Identifier: Apache-2.0
"""edgeinfer boards: what is known, what runs and what is connected."""

from __future__ import annotations

import argparse
from typing import Any

from edgeinfer.boards import emulator, machine
from edgeinfer.boards.board import Board, all_boards, load_board
from edgeinfer.cli.ui import Ui
from edgeinfer.errors import BoardError
from edgeinfer.firmware.build import built, require_tools
from edgeinfer.wire import ports
from edgeinfer.wire.device import Device

NAME, HELP = "boards", "list the known boards, the emulators that run, and the serial ports"
EXAMPLES = (
    "edgeinfer boards",
    "edgeinfer boards --start netduinoplus2   # with the model it was last flashed with, if any",
    "edgeinfer boards --stop netduinoplus2    # or: --stop all",
    "edgeinfer boards --json",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--start", metavar="B", help="plug in an emulated board, as it was last flashed, or blank"
    )
    action.add_argument("--stop", metavar="B", help="stop a board's emulator ('all' for each)")


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    started = _start(load_board(args.start)) if args.start is not None else None
    ended = emulator.ended()
    asked: list[str] = []
    if args.stop == "all":
        asked = [e.board for e in emulator.running()]
    elif args.stop is not None:
        asked = [load_board(args.stop).name]
    stopped = [name for name in asked if emulator.stop(name)]
    known, there = all_boards(), ports.on_usb()
    running = {e.board: e for e in emulator.running()}
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
                **_place(running.get(board.name)),
            }
            for board in known
        ],
        "ended": [{"board": e.board, "ssh": e.ssh, "reason": words} for e, words in ended],
        "serial_ports": [
            {
                "port": each.port,
                "title": each.title,
                "usb": each.numbers,
                "boards": [b.name for b in known if ports.runs_program(each, b)],
                "boot_loader_of": [b.name for b in known if ports.in_boot_loader(each, b)],
            }
            for each in there
            if each.port  # the others are no boards, or wait in their boot loaders
            or any(ports.in_boot_loader(each, board) for board in known)
        ],
    }
    if started:
        result["started"] = {"board": started.board, **_place(started)}
    if args.stop is not None:
        result["stopped"] = stopped
    return result


def _place(running: emulator.Emulator | None) -> dict[str, Any]:
    """Where a board that runs is reached."""
    if running is None:
        return {"port": None, "ssh": "", "debug": "", "blank": False}
    return {
        "port": running.port,
        "ssh": running.ssh,
        "debug": running.debug,
        "blank": running.blank,
    }


def _start(board: Board) -> emulator.Emulator:
    """The board's emulator, running as it was last flashed, or blank.

    Raises BoardError for a board that is not emulated, or has no firmware and is nothing without
    one."""
    running = emulator.find(board.name)
    if running is not None:
        return running
    if not board.runs_here:
        raise BoardError(
            f"{board.name} is a real board: it is there when it is plugged in.",
            "'edgeinfer boards' lists what is connected; it also lists emulated boards.",
        )
    elf = built(board)
    if elf is None and not board.has_debug_port:
        raise machine.without_firmware(board.name)
    require_tools(board)
    running = emulator.start(board, elf)
    if elf is None:
        return running
    try:
        Device(running.port, baud=board.baud).close()
    except BaseException:
        emulator.stop(board.name)
        raise
    return running


def show(result: dict[str, Any], ui: Ui) -> None:
    for each in result["ended"]:
        why = f": {each['reason']}" if each["reason"] else ""
        what = f"connection to {each['ssh']}" if each["ssh"] else f"emulator of {each['board']}"
        ui.say(f"The {what} ended by itself{why}.", style="red")
    if "started" in result:
        started = result["started"]
        name, port = started["board"], started["port"]
        if started["blank"]:
            ui.say(f"{name} is plugged in at {port}, without a firmware.")
            ui.say(f"Next: edgeinfer flash MODEL --board {name}")
        else:
            ui.say(f"{name} runs at {port}.")
        if started["debug"]:
            ui.say(f"  debug port (target remote of gdb): {started['debug']}")
        return
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
                ", ".join(filter(None, (b["port"] or "-", b["ssh"], "blank" * b["blank"]))),
                b["title"],
            ]
            for b in result["boards"]
        ],
        ["board", "core", "flash", "RAM", "tried on", "running at", ""],
        "  rr",
        cut=6,
    )
    for port in result["serial_ports"]:
        which = f" (may be {', '.join(port['boards'])})" if port["boards"] else ""
        if port["boot_loader_of"]:
            which = f" (boot loader of {' or '.join(port['boot_loader_of'])})"
        ui.say(f"{port['port'] or 'USB ' + port['usb']}: {port['title'] or 'no port'}{which}")
