# SPDX-License-Identifier: Apache-2.0
"""edgeinfer load: another model onto a board that was flashed before, over its serial line."""

from __future__ import annotations

import argparse
import time
from typing import Any

from edgeinfer.boards.board import load_board
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui, size
from edgeinfer.compile import Compiled
from edgeinfer.errors import BoardError, DeviceError, FitError
from edgeinfer.image import read_image
from edgeinfer.wire.device import Device
from edgeinfer.wire.smp import Firmware, Smp

NAME, HELP = "load", "bring another model to a flashed board, without flashing it again"
EXAMPLES = (
    "edgeinfer load retrained_int8.tflite --board microbit",
    "edgeinfer load other_int8.tflite --port /dev/ttyACM0 --try   # until the next reset",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument("--board", metavar="B", help="see 'edgeinfer boards'")
    parser.add_argument("--port", metavar="P", help="serial port, if the board is not emulated")
    parser.add_argument(
        "--try", dest="keep", action="store_false", help="a reset brings back the model before"
    )
    common.compile_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    board = load_board(args.board) if args.board else None
    port = args.port or common.running_port(board)
    with common.connected(port, board.baud if board else 115_200, ui) as device:
        name = device.info().board
        if board is not None and name != board.name:
            raise BoardError(
                f"The board at {port} is {name}, not {board.name}.", f"Give --board {name}."
            )
        graph = common.load(args.model)
        model = common.compiled(graph, args.model, ui, args, board=load_board(name))
        smp = Smp(device.link)
        _check_fit(smp.firmware(), model, args.model)
        resumed, seconds = _upload(smp, model.image, ui)
        with ui.progress("Switching"):
            smp.switch(model.image, args.keep)
            _prove(device, model)
    sent = len(model.image) - resumed
    return {
        "model": args.model,
        "board": name,
        "port": port,
        "image_bytes": len(model.image),
        "resumed_bytes": resumed,
        "seconds": round(seconds, 3),
        "bytes_per_second": round(sent / seconds) if sent else None,
        "kept": args.keep,
        **common.optimized_fields(model.optimized),
    }


def _check_fit(firmware: Firmware, model: Compiled, path: str) -> None:
    """Raises FitError when the firmware cannot run the model, saying what it lacks."""
    facts, board = read_image(model.image), firmware.board
    if firmware.slots == 0:
        resets = load_board(board).usb.resets
        raise FitError(
            f"{board} is reset whenever its port is opened, and would forget a second model."
            if resets
            else f"The firmware of {board} has no room for a second model.",
            f"Flash this one: edgeinfer flash {path} --board {board}",
        )
    again = f"Flash a firmware that has: edgeinfer flash {path} --board {board} --all-kernels"
    lacking = sorted(set(facts.kernels) - firmware.kernels) if firmware.kernels is not None else []
    if lacking:
        raise FitError(
            f"The firmware of {board} was built for other operators: "
            f"it has no {', '.join(lacking)}.",
            again,
        )
    for what, needed, there in (
        ("arena", facts.arena_bytes, firmware.arena_bytes),
        ("slot", len(model.image), firmware.slot_bytes),
    ):
        if needed > there:
            raise FitError(
                f"The model needs {needed:,} bytes of {what}, "
                f"the firmware of {board} has {there:,}.",
                "Try --memory minimum. " + again if what == "arena" else again,
            )


def _upload(smp: Smp, image: bytes, ui: Ui) -> tuple[int, float]:
    """Bytes that were there before, and seconds that the others took."""
    begin = time.monotonic()
    with ui.progress("Loading", len(image)) as advance:
        resumed = smp.upload(image, lambda done, total: advance(done / total))
    return resumed, time.monotonic() - begin


def _prove(device: Device, model: Compiled) -> None:
    """That the board runs this very image."""
    device.refresh()
    if device.info().image_crc != read_image(model.image).crc:
        raise DeviceError("The board runs another model.", "Load it again.")
    device.selftest()


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(f"{result['board']} runs {result['model']} at {result['port']}; self-test passed.")
    rate = result["bytes_per_second"]
    text = f"  image {size(result['image_bytes'])}"
    if result["resumed_bytes"]:
        text += f", {size(result['resumed_bytes'])} of it there already"
    if rate:
        text += f"; {rate / 1000:.1f} kB/s"
    ui.say(text)
    if not result["kept"]:
        ui.say("  A reset brings back the model before.")
    common.say_optimized(result, ui, "  ")
