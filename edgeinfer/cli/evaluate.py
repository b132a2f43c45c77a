# SPDX-License-Identifier: Apache-2.0
"""edgeinfer eval: top-1, agreement and SQNR of a model on the host or a board."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from edgeinfer import evaluate, reference
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui
from edgeinfer.errors import DataError
from edgeinfer.graph import Array
from edgeinfer.inspection import is_float
from edgeinfer.quantize import load as load_samples

NAME, HELP = "eval", "measure a model: top-1, agreement with float, SQNR"
EXAMPLES = (
    "edgeinfer eval model_int8.tflite --data test.npz",
    "edgeinfer eval model_int8.tflite --data test.npz --reference model.tflite",
    "edgeinfer eval model_int8.tflite --data test.npz -n 20 --board netduinoplus2",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument(
        "--data", required=True, metavar="D", help=".npz (samples x, labels y if there) or .npy"
    )
    parser.add_argument("--labels", metavar="Y.npy", help="labels, if D has none")
    parser.add_argument("--reference", metavar="FLOAT", help="float .tflite to compare with")
    parser.add_argument("-n", type=int, metavar="N", help="the first N samples only")
    common.target_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    samples = load_samples(args.data, graph)
    labels = common.read_labels(args.labels, len(samples)) if args.labels else samples.labels
    if len(graph.inputs) != 1:
        raise DataError("The model has several inputs.", "'eval' takes models of one input.")
    x = samples.inputs[0][: args.n]
    labels = labels[: args.n] if labels is not None else None
    wanted: Array | None = None
    if args.reference:
        float_graph = common.load(args.reference)
        with ui.progress("Float reference") as advance:
            rows = []
            for start in range(0, len(x), 32):
                rows.append(reference.run(float_graph, [x[start : start + 32]])[0])
                advance(start / len(x))
            wanted = np.concatenate(rows)
    if labels is None and wanted is None:
        raise DataError(
            f"{args.data} has no labels and no --reference is given: nothing to compare with.",
            "Save labels as y in the .npz, or give --labels Y.npy or --reference FLOAT.tflite.",
        )
    where = "host"
    with ui.progress("Evaluating") as advance:
        if is_float(graph):
            report = evaluate.evaluate(
                lambda batch: reference.run(graph, [batch])[0],
                x,
                labels,
                wanted,
                progress=lambda i, n: advance(i / n),
            )
        else:
            model = common.compiled(graph, args.model)
            source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
            with common.runner(args, model, ui) as (execute, where):
                report = evaluate.evaluate(
                    lambda batch: evaluate.from_output(
                        result,
                        np.concatenate(
                            [execute([evaluate.to_input(source, one[None])])[0] for one in batch]
                        ),
                    ),
                    x,
                    labels,
                    wanted,
                    batch=32 if where == "host" else 1,
                    progress=lambda i, n: advance(i / n),
                )
    return {"model": args.model, "on": where, **report.as_dict()}


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(f"{result['model']} on {result['on']}, {result['n']} samples")
    for line in common.figures(result):
        ui.say("  " + line)
