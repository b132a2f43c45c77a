# SPDX-License-Identifier: Apache-2.0
"""Time of an inference on this machine beside TFLite's with XNNPACK, side by side in one run.

Peers are ai-edge-litert, in the Python that LITERT_PYTHON names, since it wants another numpy
(`make bench` installs it), and tflite-runtime here."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.native import BACKENDS, HOST_LAYOUT, HOSTS
from edgeinfer.plan import FASTEST
from edgeinfer.session import Session

ROUNDS, SECONDS = 40, 0.02  # so many turns of each, and their length
# The builds for this processor, the fastest first.
BUILDS = [name for name in HOSTS if name in BACKENDS and name != "portable"] or ["portable"]
LITERT, RUNTIME = "LiteRT", "tflite-runtime"

_LITERT = """
import sys, time
import numpy as np
from ai_edge_litert.interpreter import Interpreter
made = Interpreter(sys.argv[1], num_threads=1)
made.allocate_tensors()
made.invoke()
print("ready", flush=True)
for line in sys.stdin:
    best, until = 1e9, time.perf_counter() + float(line)
    while (start := time.perf_counter()) < until:
        made.invoke()
        best = min(best, time.perf_counter() - start)
    print(best, flush=True)
"""


def times(model: Path) -> dict[str, float]:
    """Seconds of the fastest inference of a .tflite, by build of ours and peer; one thread each.

    A peer that is not installed or refuses the model is left out."""
    image = compile_graph(tflite.read_file(model), goal=FASTEST, layout=HOST_LAYOUT).image
    runs: dict[str, Callable[[], float]] = {}
    for build in BUILDS:
        session = Session(image, build)
        session.write([np.zeros(io.dims, io.dtype) for io in session.info.inputs])
        runs[build] = lambda s=session: _timed(s.invoke)  # type: ignore[misc]
    if call := _runtime(model):
        runs[RUNTIME] = lambda: _timed(call)
    with _litert(model) as measure:
        if measure:
            runs[LITERT] = measure
        best = dict.fromkeys(runs, float("inf"))
        for _ in range(ROUNDS):
            for key, run in runs.items():
                best[key] = min(best[key], run())
    return best


def _timed(run: Callable[[], object]) -> float:
    """Seconds of the fastest call within SECONDS: other processes interrupt the rest."""
    best, until = float("inf"), time.perf_counter() + SECONDS
    while (start := time.perf_counter()) < until:
        run()
        best = min(best, time.perf_counter() - start)
    return best


def _runtime(model: Path) -> Callable[[], object] | None:
    """tflite-runtime's invocation, XNNPACK where it takes the layer."""
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        return None
    try:
        made = Interpreter(str(model), num_threads=1)
    except ValueError:  # it refuses person_detect's scales
        return None
    made.allocate_tensors()
    return lambda: made.invoke()


@contextmanager
def _litert(model: Path) -> Iterator[Callable[[], float] | None]:
    """The time of the fastest inference within SECONDS in another Python, if one is named."""
    python = os.environ.get("LITERT_PYTHON")
    if not python:
        yield None
        return
    process = subprocess.Popen(
        [python, "-c", _LITERT, str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin and process.stdout
    stdin, stdout = process.stdin, process.stdout

    def measure() -> float:
        stdin.write(f"{SECONDS}\n")
        stdin.flush()
        return float(stdout.readline())

    try:
        yield measure if stdout.readline() else None
    finally:
        process.communicate()
