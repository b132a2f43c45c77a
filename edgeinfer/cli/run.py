# SPDX-License-Identifier: Apache-2.0
"""edgeinfer run: inference on the host, an emulator or a board."""

from __future__ import annotations

import argparse
import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer import evaluate
from edgeinfer.cli import common, data
from edgeinfer.cli.ui import Ui, some
from edgeinfer.errors import DataError
from edgeinfer.graph import Array, Graph

NAME, HELP = "run", "run a model on the host or a board"
EXAMPLES = (
    "edgeinfer run model_int8.tflite --input x.npy",
    "edgeinfer run model_int8.tflite --input x.npz --output y.npy",
    "edgeinfer run model_int8.tflite --input x.npy --board netduinoplus2",
)
SHOWN = 10  # samples


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument(
        "--input",
        required=True,
        metavar="X",
        help=".npy or .npz with one or more samples, float (quantized for you) or int8",
    )
    parser.add_argument(
        "--output",
        metavar="Y.npy",
        help="write the raw outputs of all samples; .npz for several outputs, by name",
    )
    common.target_arguments(parser)
    common.name_argument(parser)
    common.compile_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    common.require_batch(graph)
    if args.output:
        _check_output(args.output, graph)
    samples = data.read_inputs(args.input, graph)
    model = common.compiled(graph, args.model, ui, args)
    with common.runner(args, model, ui) as (execute, where):
        results = _all(execute, samples, ui)
    if args.output:
        data.write_whole({args.output: _file(args.output, graph, results)})
    crc = 0
    for value in (value for each in results for value in each):
        crc = zlib.crc32(np.ascontiguousarray(value).tobytes(), crc)
    first = graph.tensors[graph.outputs[0]]
    return {
        "model": args.model,
        "on": where,
        "samples": len(samples),
        "output_crc32": crc,
        "outputs": [[value.reshape(-1).tolist() for value in each] for each in results],
        "real": [evaluate.from_output(first, each[0]).reshape(-1).tolist() for each in results],
    }


def _all(run: common.Runner, samples: list[list[Array]], ui: Ui) -> list[list[Array]]:
    results = []
    with (
        ui.progress("Running", len(samples), "sample") as advance,
        np.errstate(over="ignore", invalid="ignore"),
    ):
        for i, sample in enumerate(samples):
            results.append(run(sample))
            advance((i + 1) / len(samples))
    return results


def _check_output(path: str, graph: Graph) -> None:
    suffix = Path(path).suffix
    if suffix not in (".npy", ".npz"):
        raise DataError(f"'{path}' is no .npy or .npz file.", "Give a name with that ending.")
    if suffix == ".npy" and len(graph.outputs) > 1:
        raise DataError(
            f"The model has {len(graph.outputs)} outputs, and a .npy file holds one array.",
            f"Write {Path(path).with_suffix('.npz')} instead, or use --json.",
        )
    data.check_writable(path)


def _file(path: str, graph: Graph, results: list[list[Array]]) -> bytes:
    """The outputs of all samples as .npy or .npz."""
    stream = io.BytesIO()
    columns = [np.stack(column) for column in zip(*results, strict=True)]
    if Path(path).suffix == ".npy":
        np.save(stream, columns[0])
    else:
        names = [graph.tensors[t].name for t in graph.outputs]
        np.savez(stream, **dict(zip(names, columns, strict=True)))
    return stream.getvalue()


def show(result: dict[str, Any], ui: Ui) -> None:
    count = result["samples"]
    ui.say(f"{some(count, 'sample')} on {result['on']}, CRC-32 {result['output_crc32']:08x}")
    for i, real in enumerate(result["real"][:SHOWN]):
        top = sorted(range(len(real)), key=lambda k: -real[k])[:3]
        ui.say(f"  sample {i}: " + ", ".join(f"[{k}] {real[k]:.4g}" for k in top))
    if count > SHOWN:
        ui.say(f"  … {count - SHOWN} more; --output Y.npy saves all")
