# SPDX-License-Identifier: Apache-2.0
"""edgeinfer export: a model as a library for the user's own project."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui, printable, size, some
from edgeinfer.export import KINDS, export

NAME, HELP = "export", "write a model as a library for your own project"
EXAMPLES = (
    "edgeinfer export digits_int8.tflite --as arduino -o ~/Arduino/libraries/digits",
    "edgeinfer export digits_int8.tflite --as platformio -o lib/digits --name digits",
    "edgeinfer export digits_int8.tflite --as c -o digits",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="DIR",
        help="a new or empty folder, or an earlier export, whose files are then replaced",
    )
    parser.add_argument(
        "--as",
        dest="kind",
        required=True,
        choices=tuple(KINDS),
        help="what the library is for; c comes with a Makefile",
    )
    parser.add_argument(
        "--name", metavar="ID", help="functions are called ID_invoke … (default: as the file)"
    )
    common.compile_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    model = common.compiled(graph, args.model, ui, args)
    made = export(
        model.image,
        Path(args.output),
        args.kind,
        model=printable(Path(args.model).name),
        name=args.name or "",
    )
    return {"model": args.model, **asdict(made), **common.optimized_fields(model.optimized)}


def show(result: dict[str, Any], ui: Ui) -> None:
    files, kernels = some(len(result["files"]), "file"), some(len(result["kernels"]), "kernel")
    ui.say(f"Wrote {result['folder']}: {files}, {kernels}.")
    ui.say(f"  image {size(result['image_bytes'])}, arena {size(result['arena_bytes'])}")
    ui.say(f"  #include <{result['name']}.h>, then {result['name']}_invoke(input, output)")
    common.say_optimized(result, ui, "  ")
