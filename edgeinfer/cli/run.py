# SPDX-License-Identifier: Apache-2.0
"""edgeinfer run: inference on the host, an emulator or a board."""

from __future__ import annotations

import argparse
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer import evaluate
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui
from edgeinfer.errors import DataError

NAME, HELP = "run", "run a model on the host or a board"
EXAMPLES = (
    "edgeinfer run model_int8.tflite --input x.npy",
    "edgeinfer run model_int8.tflite --input x.npz --output y.npy --board netduinoplus2",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument(
        "--input",
        required=True,
        metavar="X",
        help=".npy or .npz with one or more samples, float (quantized for you) or int8",
    )
    parser.add_argument("--output", metavar="Y.npy", help="write the outputs of all samples")
    common.target_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    samples = common.read_arrays(args.input, graph)
    model = common.compiled(graph, args.model)
    inputs = [graph.tensors[t] for t in graph.inputs]
    crc, results = 0, []
    with common.runner(args, model, ui) as (execute, where), ui.progress("Running") as advance:
        for i, sample in enumerate(samples):
            fed = [evaluate.to_input(t, x) for t, x in zip(inputs, sample, strict=True)]
            results.append(execute(fed))
            for value in results[-1]:
                crc = zlib.crc32(np.ascontiguousarray(value).tobytes(), crc)
            advance((i + 1) / len(samples))
    if args.output:
        if len(graph.outputs) > 1:
            raise DataError("The model has several outputs.", "Leave out --output and use --json.")
        if not Path(args.output).resolve().parent.is_dir():
            raise DataError(f"The folder of {args.output} does not exist.", "Create it first.")
        np.save(args.output, np.stack([r[0] for r in results]))
    first = graph.tensors[graph.outputs[0]]
    return {
        "model": args.model,
        "on": where,
        "samples": len(samples),
        "output_crc32": crc,
        "outputs": [[value.reshape(-1).tolist() for value in r] for r in results],
        "real": [evaluate.from_output(first, r[0]).reshape(-1).tolist() for r in results],
    }


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(f"{result['samples']} samples on {result['on']}, CRC-32 {result['output_crc32']:08x}")
    for i, real in enumerate(result["real"][:10]):
        top = sorted(range(len(real)), key=lambda k: -real[k])[:3]
        ui.say(f"  sample {i}: " + ", ".join(f"[{k}] {real[k]:.4g}" for k in top))
    if result["samples"] > 10:
        ui.say(f"  … {result['samples'] - 10} more; --output Y.npy saves all")
