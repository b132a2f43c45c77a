# SPDX-License-Identifier: Apache-2.0
"""edgeinfer bench: what an inference costs on a board, in all and per layer."""

from __future__ import annotations

import argparse
from typing import Any

from edgeinfer import bench as benchmark
from edgeinfer.boards.board import Board, load_board, real_board
from edgeinfer.cli import common, compare, data
from edgeinfer.cli.compare import THRESHOLD
from edgeinfer.cli.ui import Ui, size, some
from edgeinfer.compile import Compiled
from edgeinfer.errors import BoardError, DataError
from edgeinfer.firmware.flash import FlashResult
from edgeinfer.image import layer_names, read_image
from edgeinfer.inspection import macs, short_name
from edgeinfer.report import benchmark as benchmark_page
from edgeinfer.report import events

NAME, HELP = "bench", "benchmark a board over serial; with MODEL, flash it first"
EXAMPLES = (
    "edgeinfer bench model_int8.tflite --board netduinoplus2 --layers",
    "edgeinfer bench --board netduinoplus2 --json   # whatever runs there",
    "edgeinfer bench --board netduinoplus2 --model person   # one of several that run there",
    "edgeinfer bench model_int8.tflite --board netduinoplus2 --csv layers.csv --html layers.html",
    "edgeinfer bench --compare before.json after.json --threshold 2   # of bench --layers --json",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser, nargs="?")
    parser.add_argument("--board", metavar="B", help="see 'edgeinfer boards'")
    parser.add_argument("--port", metavar="P", help="serial port, if the board is not emulated")
    parser.add_argument(
        "--model", dest="chosen", metavar="NAME", help="which one, if the board has several models"
    )
    parser.add_argument(
        "--runs", type=common.positive, default=3, metavar="N", help="inferences (default 3)"
    )
    parser.add_argument("--layers", action="store_true", help="cost of each layer too")
    parser.add_argument(
        "--csv",
        nargs="?",
        const="",
        metavar="FILE.csv",
        help="the layers as TensorFlow Lite Micro's profiler writes them, without FILE on stdout",
    )
    parser.add_argument("--html", metavar="FILE.html", help="write a page with a chart, too")
    parser.add_argument(
        "--compare",
        nargs=2,
        metavar=("OLD.json", "NEW.json"),
        help="instead, compare what 'bench --json' wrote; the exit status is 1 if NEW is worse",
    )
    parser.add_argument(
        "--threshold",
        type=common.percent,
        default=THRESHOLD,
        metavar="P",
        help="percent by which an inference, RAM or flash may grow before it is worse (default "
        f"{THRESHOLD:g})",
    )
    common.name_argument(parser)
    common.compile_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    if args.compare:
        if args.model or args.board or args.port:
            raise DataError(
                "--compare reads two files and benchmarks nothing.",
                "Leave out MODEL, --board and --port.",
            )
        return compare.compared(args.compare[0], args.compare[1], args.threshold, ui)
    _check_files(args)
    board = load_board(args.board) if args.board else None
    model: Compiled | None = None
    done: FlashResult | None = None
    if args.model:
        model, done = _flash(args, board, ui)
    port = done.port if done else args.port or common.running_port(board)
    amounts = macs(model.plan.program.graph) if model else []
    with common.connected(port, board.baud if board else 115_200, ui) as device:
        name = device.info().board
        if board is not None and name != board.name:
            raise BoardError(
                f"The board at {port} is {name}, not {board.name}.", f"Give --board {name}."
            )
        if args.chosen:
            common.choose(device, args.chosen)
        with ui.progress("Benchmarking", args.runs, "inference") as advance:
            result = benchmark.bench(
                device,
                board or load_board(name),
                read_image(model.image) if model else None,
                runs=args.runs,
                layers=args.layers or args.csv is not None or args.html is not None,
                flashed=done,
                names=layer_names(model.plan.program.graph) if model else (),
                macs=amounts,
                progress=lambda i, n: advance(i / n),
            )
    if model:
        result["macs"] = sum(amounts)
        result |= common.optimized_fields(model.optimized)
    return result | _written(args, result)


def _check_files(args: argparse.Namespace) -> None:
    """That --csv and --html can be written, and are no model."""
    if args.csv == "" and args.json:
        raise DataError("--csv and --json both want to print.", "Give --csv a FILE.csv.")
    for option, path, ending in (("--csv", args.csv, ".csv"), ("--html", args.html, ".html")):
        if path and not path.lower().endswith(ending):
            raise DataError(
                f"{option} would write '{path}'.", f"Let the name of its file end in {ending}."
            )
        if path:
            data.check_writable(path)


def _written(args: argparse.Namespace, result: dict[str, Any]) -> dict[str, Any]:
    """What became of --csv and --html."""
    files = {}
    if args.csv:
        files[args.csv] = events(result).encode()
    if args.html:
        files[args.html] = benchmark_page(result)
    data.write_whole(files)
    names = {"csv": args.csv, "html": args.html}
    if args.csv == "":
        names["csv_text"] = events(result)
    return {name: path for name, path in names.items() if path}


def _flash(args: argparse.Namespace, board: Board | None, ui: Ui) -> tuple[Compiled, FlashResult]:
    """Put MODEL on the board first."""
    if board is None:
        raise BoardError(
            f"No board is named to flash {args.model} to.", "Give --board; see 'edgeinfer boards'."
        )
    board = real_board(board) if args.port else board
    if board.emulated and args.port:
        raise BoardError(
            f"{board.name} is emulated: flashing it makes a port of its own.", "Leave out --port."
        )
    model = common.compiled(common.load(args.model), args.model, ui, args)
    return model, common.flashed(board, [model.image], ui, args.port or "")


def show(result: dict[str, Any], ui: Ui) -> None:
    if "totals" in result:
        compare.show(result, ui)
    elif "csv_text" in result:
        ui.say(result["csv_text"].rstrip("\n"))
    else:
        _show(result, ui)
        for name in ("csv", "html"):
            if name in result:
                ui.say()
                ui.say(f"Wrote {result[name]}")


def _show(result: dict[str, Any], ui: Ui) -> None:
    unit = result["unit"]
    ui.say(f"{result['model']} on {result['board']} at {result['port']}")
    low, high, runs = result["per_inference_min"], result["per_inference_max"], result["runs"]
    spread = f"{low:,} to {high:,}" if low != high else "every run the same"
    spread = f", {spread}" if runs > 1 else ""
    ui.say(f"  {result['per_inference']:,} {unit} per inference ({some(runs, 'run')}{spread})")
    for core, cycles in result.get("estimated_cycles", {}).items():
        ui.say(f"  about {cycles:,} cycles of a {core} (estimated; docs/cycles.md)")
    ui.say(
        f"  RAM: arena {size(result['arena_bytes'])}, stack used {size(result['stack_bytes'])}, "
        f"static {size(result['static_ram_bytes'])}"
    )
    code = f", code {size(result['code_bytes'])}" if "code_bytes" in result else ""
    ui.say(f"  flash: image {size(result['image_bytes'])}{code}")
    if "optimized" in result:
        common.say_optimized(result, ui, "  ")
    if "layers" not in result:
        return
    rows, total = result["layers"], result["layers_total"]
    sums = {
        "name": "",
        "op": "sum",
        "macs": sum(row["macs"] or 0 for row in rows),
        "ticks": total,
    }
    ui.say()
    ui.table(
        [
            [
                str(i) if i < len(rows) else "",
                row["op"] or row["name"],
                f"{row['macs']:,}" if row["macs"] else "",
                f"{row['ticks']:,}",
                f"{row['macs'] / (row['ticks'] or 1):.3f}" if row["macs"] else "",
                f"{100 * row['ticks'] / (total or 1):.1f} %",
                short_name(row["name"]) if row["op"] else "",
            ]
            for i, row in enumerate([*rows, sums])
        ],
        ["", "operator", "MACs", unit, "MACs/tick", "share", "layer"],
        "r rrrr",
        cut=6,
    )
    rest = result["per_inference"] - total
    if rest >= 0:  # below, each layer waited for a tick of a coarse clock
        ui.say(f"The rest of an inference, {rest:,} {unit}, is spent between the layers.")
