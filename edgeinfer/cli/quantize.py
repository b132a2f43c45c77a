# SPDX-License-Identifier: Apache-2.0
"""edgeinfer quantize: float .tflite + samples → int8 .tflite, with a report."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer import evaluate, reference, tflite
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui, size
from edgeinfer.errors import DataError
from edgeinfer.graph import Array, Graph
from edgeinfer.plan import METADATA_KEY, offline_metadata
from edgeinfer.quantize import METHODS, Samples, quantize
from edgeinfer.quantize import load as load_samples

NAME, HELP = "quantize", "turn a float .tflite into an int8 .tflite, calibrated on your samples"
EXAMPLES = (
    "edgeinfer quantize model.tflite --calib samples.npz",
    "edgeinfer quantize model.tflite --calib x.npy -n 100 --ranges percentile -o small.tflite",
    "edgeinfer quantize model.tflite --calib x.npz --io float32   # float inputs and outputs",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument(
        "--calib",
        required=True,
        metavar="DATA",
        help=".npz (samples x, labels y if there) or .npy, as the float model takes them",
    )
    parser.add_argument("-o", "--output", metavar="OUT", help="default: MODEL_int8.tflite")
    parser.add_argument("-n", type=int, metavar="N", help="calibrate on the first N samples only")
    parser.add_argument("--ranges", choices=sorted(METHODS), default="minmax", help="(minmax)")
    parser.add_argument("--percentile", type=float, default=99.99, help="for percentile (99.99)")
    parser.add_argument(
        "--io", choices=("int8", "float32"), default="int8", help="inputs and outputs (int8)"
    )
    parser.add_argument(
        "--per-tensor", action="store_true", help="one scale per weight tensor, not per channel"
    )
    parser.add_argument("--labels", metavar="Y.npy", help="labels, if DATA has none")


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    samples = load_samples(args.calib, graph)
    if args.labels:
        samples = replace(samples, labels=common.read_labels(args.labels, len(samples)))
    if args.n is not None and args.n < 1:
        raise DataError(f"-n {args.n} leaves no samples.", "Give a positive number.")
    calibration = samples.first(args.n) if args.n is not None else samples
    out = args.output or str(Path(args.model).with_name(Path(args.model).stem + "_int8.tflite"))
    with ui.progress("Calibrating") as advance:
        done = quantize(
            graph,
            calibration,
            ranges=args.ranges,
            percentile=args.percentile,
            io=args.io,
            per_channel=not args.per_tensor,
            progress=lambda i, n: advance(i / n),
        )
    for text in done.warnings:
        ui.warn(text)
    result = done.graph
    if not result.subgraphs:
        metadata = {**result.metadata, METADATA_KEY: offline_metadata(result)}
        result = replace(result, metadata=metadata)
    data = tflite.write(result)
    tflite.write_file(out, result)
    recipe = str(Path(out).with_suffix(".json"))
    Path(recipe).write_text(json.dumps(done.recipe, indent=1) + "\n")
    made = common.compiled(result, out)
    with ui.progress("Comparing with float") as advance:
        report = compared(graph, result, samples, advance)
    return {
        "model": args.model,
        "output": out,
        "recipe": recipe,
        "calibration_samples": len(calibration),
        "model_bytes": len(data),
        "image_bytes": len(made.image),
        "arena_bytes": made.plan.arena_bytes,
        "warnings": done.warnings,
        **report,
    }


def compared(graph: Graph, quantized: Graph, samples: Samples, advance: Any) -> dict[str, Any]:
    """The int8 model's figures against float on all samples, float's own top-1 beside them."""
    reference_outputs: list[Array] = []
    float_report = evaluate.evaluate(
        lambda x: _keep(reference_outputs, reference.run(graph, [x])),
        samples.inputs[0],
        samples.labels,
        progress=lambda i, n: advance(i / n / 3),
    )
    session = common.host(quantized)
    tensors = [quantized.tensors[t] for t in quantized.inputs]
    output = quantized.tensors[quantized.outputs[0]]

    def run_int8(x: Array) -> Array:
        rows = [session([evaluate.to_input(tensors[0], one[None])])[0] for one in x]
        return evaluate.from_output(output, np.concatenate(rows))

    report = evaluate.evaluate(
        run_int8,
        samples.inputs[0],
        samples.labels,
        np.concatenate(reference_outputs),
        progress=lambda i, n: advance(1 / 3 + 2 * i / n / 3),
    )
    return {"evaluated_samples": len(samples), "float_top1": float_report.top1, **report.as_dict()}


def _keep(kept: list[Array], outputs: list[Array]) -> Array:
    kept.append(outputs[0])
    return outputs[0]


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(f"Wrote {result['output']} ({size(result['model_bytes'])}) and {result['recipe']}")
    ui.say(
        f"  on a board: {size(result['image_bytes'])} of flash, "
        f"{size(result['arena_bytes'])} of RAM for the arena"
    )
    n, calibrated = result["evaluated_samples"], result["calibration_samples"]
    ui.say(f"  int8 against float on {n} samples ({calibrated} of them calibrated it):")
    for line in common.figures(result):
        ui.say("    " + line)
