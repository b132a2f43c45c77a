# SPDX-License-Identifier: Apache-2.0
"""edgeinfer verify: every byte against TFLite's reference kernels, and a board against the host."""

from __future__ import annotations

import argparse
from typing import Any

from edgeinfer import evaluate
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui
from edgeinfer.session import Session
from edgeinfer.verify import compare, first_difference, oracle, random_inputs

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
    parser.add_argument("-n", type=int, metavar="N", help="how many inputs (100; on a board 3)")
    parser.add_argument("--seed", type=int, default=0, help="of random inputs (default 0)")
    common.target_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    model = common.compiled(graph, args.model)
    on_board = args.board is not None or args.port is not None
    count = args.n if args.n is not None else (3 if on_board else 100)
    if args.inputs:
        tensors = [graph.tensors[t] for t in graph.inputs]
        samples = [
            [evaluate.to_input(t, x) for t, x in zip(tensors, sample, strict=True)]
            for sample in common.read_arrays(args.inputs, graph)
        ]
        samples = samples[: args.n] if args.n is not None else samples
    else:
        samples = random_inputs(graph, count, args.seed)
    host = Session(model.image)
    if on_board:
        with common.runner(args, model, ui) as (execute, name), ui.progress("Comparing") as bar:
            verdict, where = compare(host.run, execute, samples, bar)
        against, difference = f"{name} against the host", ""
    else:
        expected = oracle(graph)
        with ui.progress("Comparing") as bar:
            verdict, where = compare(host.run, expected.run, samples, bar)
        against, difference = f"host against {expected.name}", ""
        if where >= 0:
            difference = first_difference(graph, samples[where], lambda part: oracle(part).run)
    return {
        "model": args.model,
        "against": against,
        "inputs": verdict.inputs,
        "compared_bytes": verdict.compared_bytes,
        "mismatched_bytes": verdict.mismatched_bytes,
        "output_crc32": verdict.output_crc32,
        "first_difference": difference,
        "exit_status": 0 if verdict.mismatched_bytes == 0 else 1,
    }


def show(result: dict[str, Any], ui: Ui) -> None:
    equal = result["mismatched_bytes"] == 0
    ui.say(
        f"{result['mismatched_bytes']:,} of {result['compared_bytes']:,} bytes differ "
        f"over {result['inputs']} inputs: {result['against']}",
        style="green" if equal else "red",
    )
    if result["first_difference"]:
        ui.say(f"First difference: {result['first_difference']}")
