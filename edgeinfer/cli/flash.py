# SPDX-License-Identifier: Apache-2.0
"""edgeinfer flash: build, fit check, upload, self-test."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from edgeinfer.boards import load_board
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui, size

NAME, HELP = "flash", "build the firmware with a model, put it on a board, and have it prove itself"
EXAMPLES = (
    "edgeinfer flash model_int8.tflite --board netduinoplus2",
    "edgeinfer flash digits_int8.tflite --board microbit --json",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument(
        "--board", required=True, metavar="B", help="where to; 'edgeinfer boards' lists them"
    )
    common.compile_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    load_board(args.board)  # an unknown board is said before the model is read
    model = common.compiled(common.load(args.model), args.model, ui, args)
    flashed = asdict(common.flashed(args.board, model.image, ui))
    return {"model": args.model, **flashed, **common.optimized_fields(model.optimized)}


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(f"{result['board']} runs {result['model']} at {result['port']}; self-test passed.")
    code, image = result["code_bytes"], result["image_bytes"]
    ui.say(f"  flash {size(code + image)}: code {size(code)}, image {size(image)}")
    parts = ("arena", "stack", "serial", "static_ram")
    total = sum(result[f"{p}_bytes"] for p in parts)
    names = ", ".join(f"{p.split('_')[0]} {size(result[p + '_bytes'])}" for p in parts)
    ui.say(f"  RAM   {size(total)}: {names}")
    common.say_optimized(result, ui, "  ")
