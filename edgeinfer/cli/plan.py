# SPDX-License-Identifier: Apache-2.0
"""edgeinfer plan: how much RAM a model needs, why, and where everything lies."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from edgeinfer import tflite
from edgeinfer.boards import load_board
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui
from edgeinfer.compile import make_plan
from edgeinfer.errors import UnsupportedError
from edgeinfer.inspection import is_float
from edgeinfer.lower import lower
from edgeinfer.plan import METADATA_KEY, SCRATCH, describe, offline_metadata

NAME, HELP = "plan", "plan a model's memory: arena, lower bound, what sits at the peak"
EXAMPLES = (
    "edgeinfer plan kws01_int8.tflite",
    "edgeinfer plan model.tflite --board microbit --json",
    "edgeinfer plan model.tflite -o planned.tflite   # offsets for TensorFlow Lite Micro",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument("--board", metavar="B", help="say whether the arena fits this board")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="write the model with OfflineMemoryAllocation metadata",
    )


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    board = load_board(args.board) if args.board else None
    if is_float(graph):
        raise UnsupportedError(
            f"{args.model} is a float model; memory is planned for int8.",
            f"Run 'edgeinfer quantize {args.model} --calib SAMPLES.npz' first.",
        )
    with ui.progress("Planning") as advance:
        plan = make_plan(lower(graph), progress=advance)
    tensors = graph.tensors
    peak = plan.live(plan.peak_step) if plan.steps else []
    result: dict[str, Any] = {
        "model": args.model,
        "arena_bytes": plan.arena_bytes,
        "lower_bound_bytes": plan.lower_bound_bytes,
        "optimal": plan.optimal,
        "peak_step": plan.peak_step,
        "peak": [
            {
                "name": "scratch" if live.tensor == SCRATCH else tensors[live.tensor].name,
                "offset": live.offset,
                "bytes": live.size,
            }
            for live in peak
        ],
        "offsets": {tensors[t].name: offset for t, offset in plan.offsets.items()},
        "text": describe(plan),
    }
    if board is not None:
        free = board.ram_bytes - board.stack_bytes
        result |= {"board": board.name, "fits": plan.arena_bytes <= free, "free_bytes": free}
        result["exit_status"] = 0 if result["fits"] else 1
    if args.output:
        metadata = {**graph.metadata, METADATA_KEY: offline_metadata(graph)}
        tflite.write_file(args.output, replace(graph, metadata=metadata))
        result["output"] = args.output
    return result


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(result["text"])
    if "board" in result:
        verdict = "fits" if result["fits"] else "does not fit"
        ui.say(
            f"\nThe arena {verdict} {result['board']}: {result['arena_bytes']:,} of "
            f"{result['free_bytes']:,} bytes that its stack leaves."
        )
    if "output" in result:
        ui.say(f"\nWrote {result['output']} with offsets for TensorFlow Lite Micro.")
