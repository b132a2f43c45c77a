# SPDX-License-Identifier: Apache-2.0
"""Executed instructions of the public models on the emulated Cortex-M4, beside measured peers.

Run by `make bench`; needs the models and baselines in ../shared."""

from __future__ import annotations

import json
import sys

from edgeinfer import emulator, tflite
from edgeinfer.bench import bench
from edgeinfer.boards import load_board
from edgeinfer.cli.ui import Ui
from edgeinfer.compile import compile_graph
from edgeinfer.device import Device
from edgeinfer.flash import flash
from edgeinfer.image import read_image
from edgeinfer.inspection import macs
from tests.conftest import ROOT

BOARD = "mps2-an386"
MODELS = ("ad01", "hello_world", "ic01", "kws01", "micro_speech", "person_detect", "sww01", "vww01")
HEADS = ["model", "MACs", "instructions", "per MAC", "TFLM+CMSIS-NN", "ratio", "arena B", "TFLM's"]


def main() -> int:
    """Print the table; 1 when ../shared is absent."""
    shared, ui = ROOT.parent / "shared", Ui()
    if not shared.is_dir():
        ui.say("make bench needs the models and baselines in ../shared.", style="red")
        return 1
    peers = {
        peer["model"]: peer
        for peer in json.loads((shared / "baselines" / "mcu_peers.json").read_text())["peers"]
        if (peer["peer"], peer["kernels"], peer["core"]) == ("tflm", "cmsis_nn", "m4")
    }
    board, rows = load_board(BOARD), []
    try:
        with ui.progress(f"Benchmarking on {BOARD}") as advance:
            for i, name in enumerate(MODELS):
                graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
                image = compile_graph(graph).image
                done = flash(image, board)
                with Device(done.port, baud=board.baud) as device:
                    cost = bench(device, board, read_image(image), runs=1)
                total, spent = sum(macs(graph)), cost["per_inference"]
                peer = peers[f"{name}_int8"]
                rows.append(
                    [
                        name,
                        f"{total:,}",
                        f"{spent:,}",
                        f"{spent / total:.2f}",
                        f"{peer['instructions']:,}",
                        f"{spent / peer['instructions']:.2f}",
                        f"{cost['arena_bytes']:,}",
                        f"{peer['arena_bytes']:,}",
                    ]
                )
                advance((i + 1) / len(MODELS))
    finally:
        emulator.stop(BOARD)
    ui.table(rows, HEADS, " rrrrrrr")
    return 0


if __name__ == "__main__":
    sys.exit(main())
