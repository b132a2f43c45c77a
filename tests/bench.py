# SPDX-License-Identifier: Apache-2.0
"""Executed instructions of the public models on emulated cores, beside measured peers.

Run by `make bench`; `python -m tests.bench MODEL ...` takes some of them. Needs the models and
baselines in ../shared."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from edgeinfer import emulator, tflite
from edgeinfer.bench import bench
from edgeinfer.boards import LAYOUTS, load_board
from edgeinfer.cli.ui import Ui
from edgeinfer.compile import compile_graph
from edgeinfer.device import Device
from edgeinfer.flash import flash
from edgeinfer.image import read_image
from edgeinfer.inspection import macs
from tests.conftest import ROOT

# Board, and the core of its peer: TensorFlow Lite Micro with CMSIS-NN.
BOARDS = {"mps2-an386": "m4", "mps3-an547": "m55", "mps2-an385-m0": "m0plus"}
MODELS = ("ad01", "hello_world", "ic01", "kws01", "micro_speech", "person_detect", "sww01", "vww01")


def main(models: Sequence[str]) -> int:
    """Print the table; 1 when ../shared is absent."""
    shared, ui = ROOT.parent / "shared", Ui()
    if not shared.is_dir():
        ui.say("make bench needs the models and baselines in ../shared.", style="red")
        return 1
    peers = {
        (peer["model"], peer["core"]): peer
        for peer in json.loads((shared / "baselines" / "mcu_peers.json").read_text())["peers"]
        if (peer["peer"], peer["kernels"]) == ("tflm", "cmsis_nn")
    }
    rows = []
    try:
        with ui.progress("Benchmarking") as advance:
            for i, name in enumerate(models):
                graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
                total = sum(macs(graph))
                images = {layout: compile_graph(graph, layout=layout).image for layout in LAYOUTS}
                row = [name, f"{total:,}"]
                for j, (board, core) in enumerate(BOARDS.items()):
                    cost, peer = _measure(images, board), peers.get((f"{name}_int8", core))
                    spent = cost["per_inference"]
                    row += [f"{spent:,}", f"{spent / total:.2f}"]
                    row.append(f"{spent / peer['instructions']:.2f}" if peer else "-")
                    advance((i + (j + 1) / len(BOARDS)) / len(models))
                arena = peers[f"{name}_int8", "m4"]["arena_bytes"]
                rows.append([*row, f"{cost['arena_bytes']:,}", f"{arena:,}"])
    finally:
        for board in BOARDS:
            emulator.stop(board)
    heads = ["model", "MACs"]
    for board in BOARDS:
        heads += [load_board(board).core, "/MAC", "/peer"]
    ui.table(rows, [*heads, "arena B", "peer's"], " " + "r" * (len(heads) + 1))
    ui.say("Executed instructions per inference, per multiply-accumulate, and as a part of what")
    ui.say("TensorFlow Lite Micro with CMSIS-NN takes on the same core.")
    return 0


def _measure(images: dict[str, bytes], name: str) -> dict[str, Any]:
    board = load_board(name)
    image = images[board.layout]
    done = flash(image, board)
    with Device(done.port, baud=board.baud) as device:
        return bench(device, board, read_image(image), runs=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or MODELS))
