# SPDX-License-Identifier: Apache-2.0
"""edgeinfer inspect: layers, sizes, and the boards a model fits."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from edgeinfer.boards.board import all_boards
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui, clip, size, some
from edgeinfer.costs import estimate
from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.firmware.flash import misfit, spare
from edgeinfer.firmware.models import Models
from edgeinfer.graph import Graph, Tensor
from edgeinfer.image import read_image
from edgeinfer.inspection import is_float, layers, short_name

NAME, HELP = "inspect", "show a model's layers, sizes, and the boards it fits"
EXAMPLES = ("edgeinfer inspect kws01_int8.tflite", "edgeinfer inspect model.tflite --json")
OPERATOR = 30  # columns
LARGE = 10_000_000  # bytes: so many are shown in megabytes


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    common.optimizer_arguments(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = common.load(args.model)
    found = layers(graph)
    result: dict[str, Any] = {
        "model": args.model,
        "quantized": not is_float(graph),
        "macs": sum(layer.macs for layer in found),
        "weight_bytes": sum(layer.weight_bytes for layer in found),
        "inputs": [_io(graph.tensors[t]) for t in graph.inputs],
        "outputs": [_io(graph.tensors[t]) for t in graph.outputs],
        "layers": [
            {
                "name": layer.name,
                "op": layer.op,
                "output": list(layer.output),
                "dtype": layer.dtype,
                "macs": layer.macs,
                "weight_bytes": layer.weight_bytes,
                "supported": layer.supported,
            }
            for layer in found
        ],
    }
    if result["quantized"]:
        result |= _on_boards(graph, args, ui)
    return result


def _on_boards(graph: Graph, args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    """What a model needs and where it fits, or why no board runs it."""
    try:
        made = common.compiled(graph, args.model, ui, args)
    except (UnsupportedError, ModelError) as error:
        return {"unsupported": error.what}
    facts, alone, boards = read_image(made.image), Models([made.image]), []
    done = layers(made.optimized.graph)
    for board in all_boards():
        models = alone
        if board.slow_ram_bytes and misfit(models, board):  # it may when it is divided
            models = Models([common.compiled(graph, args.model, ui, args, board=board).image])
        reason = misfit(models, board)
        flash, ram = spare(models, board)
        boards.append(
            {
                "board": board.name,
                "fits": not reason,
                "reason": reason,
                "ram_spare_bytes": ram,
                "flash_spare_bytes": flash,
                "estimate": asdict(cost) if (cost := estimate(done, board)) else None,
            }
        )
    return {
        "arena_bytes": facts.arena_bytes,
        "image_bytes": len(made.image),
        "boards": boards,
        **common.optimized_fields(made.optimized),
    }


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.table(
        [
            [
                str(i),
                clip(layer["op"], OPERATOR),
                "x".join(map(str, layer["output"])),
                layer["dtype"],
                f"{layer['macs']:,}" if layer["supported"] else "not run",
                f"{layer['weight_bytes']:,}",
                short_name(layer["name"]),
            ]
            for i, layer in enumerate(result["layers"])
        ],
        ["", "operator", "output", "type", "MACs", "weights B", "layer"],
        "r   rr",
        cut=6,
    )
    ui.say()
    for kind in ("inputs", "outputs"):
        for io in result[kind]:
            shape = "x".join(map(str, io["shape"]))
            ui.say(f"{kind[:-1]:<8} {io['name']}: {io['dtype']} {shape}{_scale(io)}")
    ui.say(f"MACs     {result['macs']:,}")
    ui.say(f"weights  {size(result['weight_bytes'])}")
    unknown = sum(not layer["supported"] for layer in result["layers"])
    if unknown:
        ui.say(f"boards   none: edgeinfer does not run {some(unknown, 'layer')} (marked 'not run')")
    elif not result["quantized"]:
        ui.say("boards   a float model: 'edgeinfer quantize' makes it int8, smaller and faster")
    elif "unsupported" in result:
        ui.say(f"boards   none: {result['unsupported']}")
    if "boards" not in result:
        return
    if result["optimized"]["summary"]:
        ui.say(f"removed  {result['optimized']['summary']} (optimizer)")
    ui.say(f"image    {size(result['image_bytes'])} of flash, beside the code")
    ui.say(f"arena    {size(result['arena_bytes'])} of RAM")
    ui.say()
    ui.table(
        [
            [
                board["board"],
                "yes" if board["fits"] else "no",
                _left(board["ram_spare_bytes"]),
                _left(board["flash_spare_bytes"]),
                _cost(board["estimate"]),
            ]
            for board in result["boards"]
        ],
        ["board", "fits", "RAM left", "flash left", "estimate"],
        "  rrr",
    )
    ui.say("Flash is before the code (10 to 30 KB); estimates: docs/cycles.md")


def _left(count: int) -> str:
    """Bytes to spare, or short of."""
    return size(count) if abs(count) < LARGE else f"{count / 1e6:,.0f} MB"


def _cost(estimate: dict[str, Any] | None) -> str:
    """What an inference is likely to take: time, or instructions where cycles are not known."""
    if estimate is None:
        return ""
    if estimate["seconds"] is None:
        return f"{estimate['instructions'] / 1e6:,.2f} M instr."
    ms = 1000 * estimate["seconds"]
    return f"{ms:,.0f} ms" if ms >= 100 else f"{ms:.3g} ms"


def _io(tensor: Tensor) -> dict[str, Any]:
    known: dict[str, Any] = {
        "name": tensor.name,
        "dtype": str(tensor.dtype),
        "shape": list(tensor.shape),
    }
    if tensor.quant is not None:
        known |= {"scale": tensor.scale, "zero_point": tensor.zero_point}
    return known


def _scale(io: dict[str, Any]) -> str:
    if "scale" not in io:
        return ""
    zero = io["zero_point"]
    return f", real = {io['scale']:.6g} (q {'-' if zero >= 0 else '+'} {abs(zero)})"
