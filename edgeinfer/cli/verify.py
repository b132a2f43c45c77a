# SPDX-License-Identifier: Apache-2.0
"""edgeinfer verify: every byte against TFLite's reference kernels, and a board against the host."""

from __future__ import annotations

import argparse
from typing import Any

from edgeinfer.cli import common, data
from edgeinfer.cli.ui import Ui, some
from edgeinfer.errors import EdgeinferError, UnsupportedError
from edgeinfer.graph import Graph
from edgeinfer.session import Session
from edgeinfer.verify import (
    NumpyReference,
    TfliteReference,
    compare,
    first_difference,
    oracle,
    random_inputs,
)

NAME, HELP = (
    "verify",
    "prove a model's bytes against TFLite's, and a board's against the host",
)
EXAMPLES = (
    "edgeinfer verify kws01_int8.tflite",
    "edgeinfer verify model_int8.tflite --inputs samples.npz -n 500",
    "edgeinfer verify model_int8.tflite --board mps2-an386 -n 3",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument("--inputs", metavar="X", help=".npy or .npz; random inputs otherwise")
    parser.add_argument(
        "-n",
        type=common.positive,
        metavar="N",
        help="how many inputs (all of X; random: 100, on a board 3)",
    )
    parser.add_argument(
        "--seed", type=common.natural, default=0, metavar="S", help="of random inputs (default 0)"
    )
    common.target_arguments(parser)
    common.name_argument(parser)
    common.compile_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    on_board = args.board is not None or args.port is not None
    if args.inputs:
        common.require_batch(graph)
        samples = data.read_inputs(args.inputs, graph)[: args.n]
    else:
        samples = random_inputs(graph, args.n or (3 if on_board else 100), args.seed)
    model = common.compiled(graph, args.model, ui, args)
    host = Session(model.image)
    difference = ""
    if on_board:
        with (
            common.runner(args, model, ui) as (execute, name),
            ui.progress("Comparing", len(samples), "input") as bar,
        ):
            verdict, where = compare(host.run, execute, samples, bar)
        against = f"{name} against the host"
    else:
        expected = _oracle(graph)
        with ui.progress("Comparing", len(samples), "input") as bar:
            verdict, where = compare(host.run, expected.run, samples, bar)
        against = f"host against {expected.name}"
        if where >= 0:
            with ui.progress("Looking for the first layer that differs"):
                difference = first_difference(
                    graph,
                    model.optimized,
                    samples[where],
                    lambda part: _oracle(part).run,
                    samples[:where],
                )
    return {
        "model": args.model,
        "against": against,
        "inputs": verdict.inputs,
        "compared_bytes": verdict.compared_bytes,
        "mismatched_bytes": verdict.mismatched_bytes,
        "output_crc32": verdict.output_crc32,
        "first_input": where if where >= 0 else None,
        "first_difference": difference,
        "exit_status": 0 if verdict.mismatched_bytes == 0 else 1,
    }


def _oracle(graph: Graph) -> TfliteReference | NumpyReference:
    """The reference. Raises UnsupportedError when tflite-runtime refuses the model."""
    try:
        return oracle(graph)
    except EdgeinferError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n")[-1] or type(error).__name__
        raise UnsupportedError(
            f"tflite-runtime does not run this model: {reason.rstrip('.')}.",
            "'edgeinfer doctor' says whether tflite-runtime itself works here.",
        ) from error


def show(result: dict[str, Any], ui: Ui) -> None:
    equal = result["mismatched_bytes"] == 0
    ui.say(
        f"{result['mismatched_bytes']:,} of {result['compared_bytes']:,} bytes differ "
        f"over {some(result['inputs'], 'input')}: {result['against']}",
        style="green" if equal else "red",
    )
    if not equal:
        layer = f", {result['first_difference']}" if result["first_difference"] else ""
        ui.say(f"First difference: input {result['first_input']}{layer}")
