# SPDX-License-Identifier: Apache-2.0
"""python -m tests.costs MODELS [CORE …]: measures the figures in edgeinfer/costs.py.

Each public int8 model of the folder MODELS, and each that is called NAME_16x8.tflite there
('edgeinfer quantize --int16') or NAME_float32.tflite (with --float for each layer), runs on an
emulator of each core. The instructions of an operator's
layers, and their estimated cycles (docs/cycles.md), are fitted by two factors: one for each unit of
work, one for each byte of the output (edgeinfer/costs.py). Relative errors count."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from edgeinfer import tflite
from edgeinfer.costs import kind, work
from edgeinfer.inspection import layers
from edgeinfer.optimize import optimize

BOARDS = {
    "cortex-m0": "mps2-an385-m0",
    "cortex-m3": "mps2-an385",
    "cortex-m4f": "mps2-an386",
    "cortex-m7": "mps2-an500",
    "cortex-m33": "mps2-an505",
    "cortex-m55": "mps3-an547",
    "rv32imac": "riscv-virt",
}
MODELS = ("ad01", "ic01", "kws01", "person_detect", "sww01")  # vww01 tests what these say

Row = tuple[tuple[int, int], int, int]  # work, instructions, cycles


def measured(folder: Path, core: str) -> dict[str, list[Row]]:
    """The layers of each operator."""
    found: dict[str, list[Row]] = defaultdict(list)
    paths = [folder / f"{model}_int8.tflite" for model in MODELS]
    others = (
        path for kind in ("16x8", "float32") for path in sorted(folder.glob(f"*_{kind}.tflite"))
    )
    for path in (*filter(Path.exists, paths), *others):
        words = ["bench", path, "--board", BOARDS[core], "--runs", "1", "--layers"]
        command = [sys.executable, "-m", "edgeinfer", *map(str, words), "--memory", "fast"]
        done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
        known = {(k.op, k.name): k for k in layers(optimize(tflite.read_file(path)).graph)}
        for row in json.loads(done.stdout)["layers"]:
            cycles = next(iter(row.get("estimated_cycles", {}).values()), 0)
            layer = known[row["op"], row["name"]]
            found[kind(layer)].append((work(layer), row["ticks"], cycles))
    return found


def fitted(rows: list[Row], which: int) -> tuple[float, float]:
    """The two factors, neither below 0, of the least sum of squares of relative errors."""
    best = (np.inf, (0.0, 0.0))
    for used in ([0, 1], [0], [1]):
        known = np.array([np.array(row[0], float)[used] / row[which] for row in rows])
        factors = np.zeros(2)
        factors[used] = np.linalg.lstsq(known, np.ones(len(rows)), rcond=None)[0]
        error = float(np.square(known @ factors[used] - 1).sum())
        if (factors >= 0).all() and error < best[0]:
            best = error, (float(factors[0]), float(factors[1]))
    return best[1]


def table(folder: Path, core: str) -> str:
    """The core's entry of COSTS."""
    lines = [f'    "{core}": {{']
    for op, rows in sorted(measured(folder, core).items()):
        pairs = [fitted(rows, which) for which in (1, 2) if rows[0][which]]
        texts = ", ".join(f"({a:.2f}, {b:.1f})" for a, b in pairs)
        lines.append(f'        "{op}": ({texts}{"," if len(pairs) == 1 else ""}),')
    return "\n".join((*lines, "    },"))


if __name__ == "__main__":
    for name in sys.argv[2:] or BOARDS:
        print(table(Path(sys.argv[1]), name), flush=True)
