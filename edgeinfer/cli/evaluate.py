# SPDX-License-Identifier: Apache-2.0
"""edgeinfer eval: top-1, agreement and SQNR of a model on the host or a board."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from edgeinfer.cli import common, data, measure
from edgeinfer.cli.ui import Ui, some
from edgeinfer.errors import DataError, UnsupportedError
from edgeinfer.graph import Graph
from edgeinfer.inspection import is_float
from edgeinfer.quantize import load as load_samples
from edgeinfer.quantize.check import check_float
from edgeinfer.report import accuracy

NAME, HELP = "eval", "measure a model: top-1, agreement with float, SQNR"
EXAMPLES = (
    "edgeinfer eval model_int8.tflite --data test.npz",
    "edgeinfer eval small.tflite --data test.npz --reference model.tflite",
    "edgeinfer eval small.tflite --data x.npz -n 20 --board netduinoplus2",
    "edgeinfer eval model.tflite --data test.npz   # float itself",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument(
        "--data", required=True, metavar="D", help=".npz (samples x, labels y if there) or .npy"
    )
    data.preprocess_arguments(parser)
    parser.add_argument("--labels", metavar="Y.npy", help="labels, if D has none")
    parser.add_argument("--reference", metavar="FLOAT", help="float .tflite to compare with")
    parser.add_argument(
        "-n", type=common.positive, metavar="N", help="the first N samples only (all)"
    )
    data.report_argument(parser)
    common.target_arguments(parser)
    common.name_argument(parser)
    common.compile_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    data.check_report(args.report)
    graph = common.load(args.model)
    common.require_batch(graph)
    samples = load_samples(args.data, graph, data.preprocess(args, graph))
    if args.labels:
        samples = replace(samples, labels=data.read_labels(args.labels, len(samples)))
    if samples.labels is None and not args.reference:
        raise DataError(
            f"{args.data} has no labels and no --reference is given: nothing to compare with.",
            "Save labels as y in the .npz, or give --labels Y.npy or --reference FLOAT.tflite.",
        )
    samples = samples.first(args.n) if args.n is not None else samples
    other, wanted, plan = None, None, None
    result: dict[str, Any] = {"model": args.model}
    if args.reference:
        other = _reference(args.reference)
        result |= {"reference": args.reference, "float_bytes": data.size_of(args.reference)}
        with ui.progress("Float reference", len(samples), "sample") as advance:
            wanted = measure.float_outputs(other, samples.inputs, advance, True)
    where = "host"
    if is_float(graph) and not (args.board or args.port):
        graph = check_float(graph)
        with ui.progress("Evaluating", len(samples), "sample") as advance:
            got = measure.float_outputs(graph, samples.inputs, advance, True)
    else:
        model = common.compiled(graph, args.model, ui, args)
        result |= {
            "model_bytes": data.size_of(args.model),
            "image_bytes": len(model.image),
            "arena_bytes": model.plan.arena_bytes,
        }
        if args.board is None and args.port is None:
            fastest = common.compiled(graph, args.model, ui, args, host=True)
            with ui.progress("Evaluating", len(samples), "sample") as advance:
                got = measure.spread(graph, samples.inputs, common.host_runners(fastest), advance)
        else:
            with (
                common.runner(args, model, ui) as (execute, where),
                ui.progress("Evaluating", len(samples), "sample") as advance,
            ):
                got = measure.outputs(graph, samples.inputs, execute, advance)
    result |= {"on": where, **measure.figures(got, samples.labels, wanted)}
    if other is not None and not is_float(graph):
        with ui.progress("Comparing layer by layer") as advance:
            result |= measure.by_layer(other, graph, samples.inputs, advance)
    if args.report:
        data.write_whole({args.report: accuracy(result, plan)})
        result["report"] = args.report
    return result


def _reference(path: str) -> Graph:
    """The float model to compare with. Raises UnsupportedError if it is none."""
    graph = common.load(path)
    common.require_batch(graph)
    if not is_float(graph):
        raise UnsupportedError(
            f"{path} is not a float model.",
            "Give as --reference the model that the quantized one was made from.",
        )
    return check_float(graph)


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(f"{result['model']} on {result['on']}, {some(result['n'], 'sample')}")
    for line in measure.lines(result):
        ui.say("  " + line)
    measure.say_layers(result, ui)
    data.say_report(result, ui)
