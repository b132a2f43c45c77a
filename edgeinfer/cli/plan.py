# SPDX-License-Identifier: Apache-2.0
"""edgeinfer plan: how much RAM a model needs, why, and where everything lies."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from edgeinfer import image as images
from edgeinfer import tflite
from edgeinfer.boards.board import layout_for, load_board
from edgeinfer.cli import common, data, pack, shared
from edgeinfer.cli.ui import Ui
from edgeinfer.compile import make_plan
from edgeinfer.firmware.flash import misfit
from edgeinfer.firmware.models import Models
from edgeinfer.inspection import short_name
from edgeinfer.lower import lower
from edgeinfer.optimize import optimize
from edgeinfer.plan import (
    METADATA_KEY,
    SCRATCH,
    describe,
    offline_metadata,
    sentences,
)
from edgeinfer.report import plotter

NAME, HELP = "plan", "plan a model's memory: arena, lower bound, what sits at the peak"
EXAMPLES = (
    "edgeinfer plan kws01_int8.tflite",
    "edgeinfer plan model.tflite --board microbit --json",
    "edgeinfer plan model.tflite --memory fast    # layer by layer",
    "edgeinfer plan model.tflite --plot plan.html",
    "edgeinfer plan words.tflite person.tflite    # in one firmware: the arena that they share",
    "edgeinfer plan model.tflite -o planned.tflite   # also for TFLM",
    "edgeinfer plan --buffers buffers.csv --capacity 1048576 -o packed.csv",
)
MAP = 100  # columns that the memory map takes


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser, nargs="*")
    pack.arguments(parser)
    common.compile_arguments(parser)
    parser.add_argument("--board", metavar="B", help="say whether the model fits this board")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="write the model with OfflineMemoryAllocation metadata; the buffers with offsets",
    )
    parser.add_argument(
        "--plot",
        metavar="FILE",
        help="draw the arena over time: .svg, .html (names and sizes under the pointer) or .png",
    )


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    pack.check_arguments(args)
    if args.buffers:
        return pack.run(args, ui)
    board = load_board(args.board) if args.board else None
    if len(args.model) > 1:
        return shared.run(args, board, ui)
    (args.model,) = args.model
    graph = common.load(args.model)
    common.hint_at_int8(graph, args.model, ui)
    for path in filter(None, (args.output, args.plot)):
        data.check_writable(path)
    draw = plotter(args.plot) if args.plot else None
    with ui.progress("Planning") as advance:
        named = replace(graph, name=common.image_name(args.model))
        optimized = optimize(named, common.passes(args))
        plan = make_plan(
            lower(optimized.graph, layout_for(board, common.for_size(args))),
            common.goal(args, board),
            progress=advance,
        )
    tensors, nodes = optimized.graph.tensors, optimized.graph.nodes
    result: dict[str, Any] = {
        "model": args.model,
        "arena_bytes": plan.arena_bytes,
        "lower_bound_bytes": plan.lower_bound_bytes,
        "optimal": plan.optimal,
        "fast_bytes": plan.fast_bytes or plan.arena_bytes,
        "order": {
            "changed": plan.order.changed,
            "optimal": plan.order.optimal,
            "bytes": plan.order.height,
            "file_bytes": plan.order.file_height,
        }
        if plan.order
        else None,
        "peak_step": plan.peak_step,
        "peak": [
            {
                "name": "scratch" if live.tensor == SCRATCH else tensors[live.tensor].name,
                "offset": live.offset,
                "bytes": live.size,
            }
            for live in (plan.live(plan.peak_step) if plan.steps else [])
        ],
        "steps": [
            {
                "op": nodes[step.call.node].op,
                "name": tensors[step.call.output.tensor].name,
                "rows": [step.y0, step.y1],
                "moves": step.is_move,
                "bytes": plan.live_bytes(i),
            }
            for i, step in enumerate(plan.steps)
        ],
        "lower": sentences(plan),
        "inputs": {tensors[t].name: plan.begin[t] for t in optimized.graph.inputs},
        "outputs": {tensors[t].name: plan.end[t] for t in optimized.graph.outputs},
        "text": describe(plan),
        **common.optimized_fields(optimized),
    }
    if board is not None:
        reason = misfit(Models([images.pack(plan)]), board)
        result |= {"board": board.name, "fits": not reason, "reason": reason}
        result["exit_status"] = 1 if reason else 0
    if draw:
        data.write_whole({args.plot: draw(plan)})
        result["plot"] = args.plot
    if args.output:
        metadata = {**graph.metadata, METADATA_KEY: offline_metadata(graph)}
        data.write_whole({args.output: tflite.write(replace(graph, metadata=metadata))})
        result["output"] = args.output
    return result


def show(result: dict[str, Any], ui: Ui) -> None:
    if "buffers" in result or "models" in result:
        (pack if "buffers" in result else shared).show(result, ui)
        return
    if ui.width is None or ui.width >= MAP:
        ui.say(result["text"])
    else:
        _show_narrow(result, ui)
    if result["optimized"]["summary"]:
        ui.say()
        common.say_optimized(result, ui)
    if "board" in result:
        ui.say()
        ui.say(f"The model fits {result['board']}." if result["fits"] else result["reason"])
    if "plot" in result:
        ui.say()
        ui.say(f"Drew {result['plot']}.")
    if "output" in result:
        ui.say()
        ui.say(f"Wrote {result['output']} with offsets for TensorFlow Lite Micro.")


def _show_narrow(result: dict[str, Any], ui: Ui) -> None:
    """The plan without its map, for which the terminal is too narrow."""
    ui.say(result["text"].split("\n", 1)[0])
    for title, heads, numbers, rows in (
        (
            "",
            ["step", "operator", "bytes", "layer"],
            "r r",
            [
                [
                    str(i),
                    step["op"],
                    f"{step['bytes']:,}" + (" *" if i == result["peak_step"] else "  "),
                    short_name(step["name"]),
                ]
                for i, step in enumerate(result["steps"])
            ],
        ),
        (
            f"At the peak, step {result['peak_step']} (*):",
            ["at", "bytes", "", "tensor"],
            "rr",
            [
                [f"{live['offset']:,}", f"{live['bytes']:,}", "", short_name(live["name"])]
                for live in sorted(result["peak"], key=lambda live: -live["bytes"])
            ],
        ),
    ):
        ui.say(title)
        ui.table(rows, heads, numbers, cut=3)
        if not title:
            ui.say()
    for line in result["lower"]:
        ui.say(f"What would lower it: {line}")
    ui.say(f"(A terminal of {MAP} columns shows the memory map.)")
