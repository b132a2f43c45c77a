# SPDX-License-Identifier: Apache-2.0
"""edgeinfer flash: build, fit check, upload, self-test."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgeinfer.boards.board import load_board, real_board
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui, size, some
from edgeinfer.export import folder
from edgeinfer.firmware.flash import project
from edgeinfer.firmware.models import Models

NAME, HELP = "flash", "build the firmware with a model, put it on a board, and have it prove itself"
EXAMPLES = (
    "edgeinfer flash model_int8.tflite --board netduinoplus2",
    "edgeinfer flash words.tflite person.tflite --board netduinoplus2   # both in one firmware",
    "edgeinfer flash digits_int8.tflite --board nano33ble --port /dev/ttyACM0",
    "edgeinfer flash digits_int8.tflite --board pico --project digits_pico",
    "edgeinfer flash digits_int8.tflite --board rpi-zero2-w --ssh pi@raspberrypi.local",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser, nargs="+")
    parser.add_argument(
        "--board", required=True, metavar="B", help="where to; 'edgeinfer boards' lists them"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--port",
        default="",
        metavar="P",
        help="a real board's serial port, if it is not found or the board is emulated, too",
    )
    where.add_argument(
        "--ssh",
        default="",
        metavar="USER@HOST",
        help="copy the firmware to this Linux machine and run it there, as long as ssh lasts",
    )
    where.add_argument(
        "--project", metavar="DIR", help="only write the PlatformIO project of a real board"
    )
    parser.add_argument(
        "--no-smp",
        action="store_true",
        help="a smaller firmware, which answers ASCII commands only",
    )
    common.name_argument(parser)
    parser.add_argument(
        "--all-kernels",
        action="store_true",
        help="take models of any operators and more memory, too, when they are uploaded later",
    )
    common.compile_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    board = load_board(args.board)  # an unknown board is said before the model is read
    made = common.compiled_together(args.model, ui, args, board)
    images = [model.image for model in made]
    result: dict[str, Any] = {"model": args.model[0]}
    if len(made) > 1:
        result = {"models": args.model, "state_bytes": Models(images).state_bytes}
    if args.project is not None:
        texts = project(images, board, smp=not args.no_smp, all_kernels=args.all_kernels)
        folder.write(Path(args.project), texts, {"model": args.model[0], "board": board.name})
        return {**result, "board": board.name, "project": args.project}
    done = common.flashed(
        real_board(board) if args.port else board,
        images,
        ui,
        args.port,
        ssh=args.ssh,
        smp=not args.no_smp,
        all_kernels=args.all_kernels,
    )
    result |= asdict(done)
    if len(made) == 1:
        result |= common.optimized_fields(made[0].optimized)
    return result


def show(result: dict[str, Any], ui: Ui) -> None:
    if "project" in result:
        ui.say(f"{result['project']} is a PlatformIO project for {result['board']}.")
        ui.say(f"Where there is a connection: pio run -d {result['project']} -t upload")
        return
    several = result.get("models", [])
    names = ", ".join(several) or result["model"]
    where = f" on {result['ssh']}" if result["ssh"] else ""
    proof = "all self-tests passed" if several else "self-test passed"
    ui.say(f"{result['board']} runs {names}{where} at {result['port']}; {proof}.")
    code, image = result["code_bytes"], result["image_bytes"]
    ui.say(f"  flash {size(code + image)}: code {size(code)}, image {size(image)}")
    parts = ("arena", "stack", "serial", "static_ram", "image_ram")
    total = sum(result[f"{p}_bytes"] for p in parts)
    names = ", ".join(
        f"{p.split('_')[0]} {size(result[p + '_bytes'])}" for p in parts if result[f"{p}_bytes"]
    )
    slow = f"; {size(result['slow_bytes'])} of it in the slower RAM" if result["slow_bytes"] else ""
    ui.say(f"  RAM   {size(total)}: {names}{slow}")
    if result["slots"]:
        slots = some(result["slots"], "slot")
        ui.say(f"  {slots} of {size(result['slot_bytes'])} for other models")
    if several:
        state = f", {size(result['state_bytes'])} of it their states"
        ui.say(f"  All models share the arena{state if result['state_bytes'] else ''}.")
    else:
        common.say_optimized(result, ui, "  ")
