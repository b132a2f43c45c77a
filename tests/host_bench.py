# SPDX-License-Identifier: Apache-2.0
"""Time of an inference on this machine beside TFLite's with XNNPACK, side by side in one run.

`python -m tests.host_bench [MODEL ...]` needs the models in ../shared. Peers are ai-edge-litert, in
the Python that LITERT_PYTHON names, since it wants another numpy, and tflite-runtime here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edgeinfer import tflite
from edgeinfer.cli.ui import Ui
from edgeinfer.compile import compile_graph
from edgeinfer.native import BACKENDS, HOST_LAYOUT, HOSTS
from edgeinfer.plan import FASTEST
from edgeinfer.session import Session
from tests.conftest import ROOT

MODELS = ("kws01", "ic01", "vww01", "ad01", "sww01")
ROUNDS, SECONDS = 40, 0.02  # so many turns of each, and their length

_LITERT = """
import sys, time
import numpy as np
from ai_edge_litert.interpreter import Interpreter
made = Interpreter(sys.argv[1], num_threads=1)
made.allocate_tensors()
made.invoke()
for line in sys.stdin:
    best, until = 1e9, time.perf_counter() + float(line)
    while (start := time.perf_counter()) < until:
        made.invoke()
        best = min(best, time.perf_counter() - start)
    print(best, flush=True)
"""


class Litert:
    """An interpreter in another Python."""

    def __init__(self, python: str, model: Path) -> None:
        command = [python, "-c", _LITERT, str(model)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def measure(self) -> float:
        """Seconds of the fastest inference within SECONDS."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{SECONDS}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def timed(run: Callable[[], object]) -> float:
    """Seconds of the fastest call within SECONDS: other processes interrupt the rest."""
    best, until = float("inf"), time.perf_counter() + SECONDS
    while (start := time.perf_counter()) < until:
        run()
        best = min(best, time.perf_counter() - start)
    return best


def runtime(model: Path) -> Callable[[], object]:
    """tflite-runtime's invocation, XNNPACK where it takes the layer."""
    from tflite_runtime.interpreter import Interpreter

    made = Interpreter(str(model), num_threads=1)
    made.allocate_tensors()
    return lambda: made.invoke()


def main(models: Sequence[str]) -> int:
    """Print the table; 1 when ../shared is absent."""
    shared, ui, rows = ROOT.parent / "shared", Ui(), []
    if not shared.is_dir():
        ui.say("The models of ../shared are missing.", style="red")
        return 1
    python = os.environ.get("LITERT_PYTHON")
    hosts = [name for name in HOSTS if name in BACKENDS and name != "portable"] or ["portable"]
    for name in models:
        path = shared / "models" / "int8" / f"{name}_int8.tflite"
        image = compile_graph(tflite.read_file(path), goal=FASTEST, layout=HOST_LAYOUT).image
        runs: dict[str, Callable[[], float]] = {}
        for host in hosts:
            session = Session(image, host)
            session.write([np.zeros(io.dims, io.dtype) for io in session.info.inputs])
            runs[host] = lambda s=session: timed(s.invoke)  # type: ignore[misc]
        peer = Litert(python, path) if python else None
        if peer:
            runs["litert"] = peer.measure
        call = runtime(path)
        runs["tflite-runtime"] = lambda c=call: timed(c)  # type: ignore[misc]
        best = dict.fromkeys(runs, float("inf"))
        for _ in range(ROUNDS):
            for key, run in runs.items():
                best[key] = min(best[key], run())
        if peer:
            peer.close()
        ratio = [best[hosts[0]] / best[k] for k in ("litert", "tflite-runtime") if k in best]
        rows.append([name, *(f"{1e6 * t:.1f}" for t in best.values())])
        rows[-1] += [f"{r:.2f}" for r in ratio]
    peers = [k for k in ("litert", "tflite-runtime") if k in runs]
    ui.table(
        rows, ["model", *runs, *(f"/{k}" for k in peers)], " " + "r" * (len(runs) + len(peers))
    )
    ui.say("Microseconds of an inference, one thread; the last columns: ours over the peer's.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or MODELS))
