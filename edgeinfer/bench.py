# SPDX-License-Identifier: Apache-2.0
"""Benchmark of a flashed board: what an inference costs, in all and per layer."""

import random
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board
from edgeinfer.firmware.flash import FlashResult
from edgeinfer.image import Image
from edgeinfer.wire.device import Device, as_timed

SEED = 1


def bench(
    device: Device,
    board: Board,
    image: Image | None,
    runs: int = 3,
    layers: bool = False,
    *,
    flashed: FlashResult | None = None,
    names: Sequence[str] = (),
    macs: Sequence[int] = (),
    data: bytes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """The benchmark as a JSON object with the keys of the command line.

    `names` of the layers are as image.layer_names has them, and by default those in the image;
    without any a layer is "layer 0", of the operator that its first kernel in `image` says, if any.
    Every counted run loads its input anew: `data`, or the same pseudo-random bytes each time.
    An emulated Cortex-M has `estimated_cycles` too, by core.
    `macs` are the multiply-accumulates of each layer, where they are known."""
    board = as_timed(emulator.as_found(board, device.port), device.info())
    size = sum(device.info().inputs)
    sample = random.Random(SEED).randbytes(size) if data is None else data
    amounts: list[int] = []
    marks = emulator.marks(board, device.port)
    for i in range(runs):
        device.load_input(sample)
        first = marks.count() if marks else 0
        amounts += [board.amount(ticks) for ticks in device.run_ticks(1)]
        if progress:
            progress(i + 1, runs + layers)
    memory = device.memory()
    result: dict[str, Any] = {
        "board": board.name,
        "port": device.port,
        "model": device.info().model,
        "unit": board.unit,
        "per_inference": statistics.median_low(amounts),
        "per_inference_min": min(amounts),
        "per_inference_max": max(amounts),
        "runs": runs,
        "arena_bytes": memory.arena_bytes,
        "image_bytes": device.info().image_bytes,
        "static_ram_bytes": memory.static_bytes,
        "stack_bytes": memory.stack_used,
    }
    if marks:
        (result["estimated_cycles"],) = marks.spans(first)
    if flashed:
        result["code_bytes"] = flashed.code_bytes
    if layers:
        device.load_input(sample)
        first = marks.count() if marks else 0
        steps = device.step_ticks()
        result["layers"] = _layers(steps, board, image, names, macs)
        total = result["layers_total"] = sum(row["ticks"] for row in result["layers"])
        for row in result["layers"]:
            row["share"] = row["ticks"] / (total or 1)
            row["macs_per_tick"] = row["macs"] / (row["ticks"] or 1) if row["macs"] else None
        if marks:
            _add_cycles(result["layers"], steps, marks.spans(first))
        if progress:
            progress(runs + 1, runs + 1)
    return result


def _add_cycles(
    layers: list[dict[str, Any]], steps: list[tuple[int, int]], cycles: list[dict[str, int]]
) -> None:
    """Estimated cycles of the steps, summed up per layer."""
    sums: dict[int, Counter[str]] = {}
    for (layer, _), spent in zip(steps, cycles, strict=True):
        sums.setdefault(layer, Counter()).update(spent)
    for row, spent in zip(layers, sums.values(), strict=True):
        row["estimated_cycles"] = dict(spent)


def _layers(
    steps: list[tuple[int, int]],
    board: Board,
    image: Image | None,
    names: Sequence[str],
    macs: Sequence[int],
) -> list[dict[str, Any]]:
    """Steps summed up per layer, in the order in which the layers are first run."""
    names = names or (image.layers if image else ())
    ticks: dict[int, int] = {}
    for layer, spent in steps:
        ticks[layer] = ticks.get(layer, 0) + spent
    rows = []
    for layer, spent in ticks.items():
        known = names[layer] if layer < len(names) else ""
        op, _, name = known.partition(" ")
        kernels = [step.kernel for step in image.steps if step.layer == layer] if image else []
        rows.append(
            {
                "name": name or f"layer {layer}",
                "op": op or next(iter(kernels), None),
                "macs": macs[layer] if layer < len(macs) else None,
                "ticks": board.amount(spent),
            }
        )
    return rows
