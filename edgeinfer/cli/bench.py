# SPDX-License-Identifier: Apache-2.0
"""edgeinfer bench: what an inference costs on a board, in all and per layer."""

from __future__ import annotations

import argparse
from typing import Any

from edgeinfer import bench as benchmark
from edgeinfer import emulator
from edgeinfer.boards import load_board
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui, size
from edgeinfer.compile import Compiled
from edgeinfer.device import Device
from edgeinfer.errors import BoardError
from edgeinfer.flash import FlashResult
from edgeinfer.image import read_image
from edgeinfer.inspection import macs

NAME, HELP = "bench", "benchmark a board over serial; with MODEL, flash it first"
EXAMPLES = (
    "edgeinfer bench kws01_int8.tflite --board netduinoplus2 --layers",
    "edgeinfer bench --board netduinoplus2 --runs 5 --json",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser, nargs="?")
    parser.add_argument("--board", required=True, metavar="B", help="see 'edgeinfer boards'")
    parser.add_argument("--port", metavar="P", help="serial port, if the board is not emulated")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="inferences (default 3)")
    parser.add_argument("--layers", action="store_true", help="cost of each layer too")


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    board = load_board(args.board)
    model: Compiled | None = None
    done: FlashResult | None = None
    port = args.port
    if args.model:
        model = common.compiled(common.load(args.model), args.model)
        done = common.flashed(args.board, model.image, ui)
        port = done.port
    elif port is None:
        running = emulator.find(args.board)
        if running is None:
            raise BoardError(
                f"No {args.board} is running.",
                f"Flash it first: edgeinfer flash MODEL --board {args.board}",
            )
        port = running.port
    with Device(port, baud=board.baud) as device, ui.progress("Benchmarking") as advance:
        return benchmark.bench(
            device,
            board,
            read_image(model.image) if model else None,
            runs=max(args.runs, 1),
            layers=args.layers,
            flashed=done,
            macs=macs(model.plan.program.graph) if model else (),
            progress=lambda i, n: advance(i / n),
        )


def show(result: dict[str, Any], ui: Ui) -> None:
    unit = result["unit"]
    ui.say(f"{result['model']} on {result['board']} at {result['port']}")
    low, high = result["per_inference_min"], result["per_inference_max"]
    spread = "every run the same" if low == high else f"{low:,} to {high:,}"
    ui.say(f"  {result['per_inference']:,} {unit} per inference ({result['runs']} runs, {spread})")
    ui.say(
        f"  RAM: arena {size(result['arena_bytes'])}, stack used {size(result['stack_bytes'])}, "
        f"static {size(result['static_ram_bytes'])}"
    )
    code = f", code {size(result['code_bytes'])}" if "code_bytes" in result else ""
    ui.say(f"  flash: image {size(result['image_bytes'])}{code}")
    rows = result.get("layers", [])
    total = sum(row["ticks"] for row in rows) or 1
    if rows:
        ui.say()
        ui.table(
            [
                [
                    str(i),
                    row["op"],
                    f"{row['macs']:,}" if row["macs"] else "",
                    f"{row['ticks']:,}",
                    f"{row['ticks'] / row['macs']:.2f}" if row["macs"] else "",
                    f"{100 * row['ticks'] / total:.1f} %",
                ]
                for i, row in enumerate(rows)
            ],
            ["", "operator", "MACs", unit, "per MAC", "share"],
            "r rrrr",
        )
