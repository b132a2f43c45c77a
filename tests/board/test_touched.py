# SPDX-License-Identifier: Apache-2.0
"""The arena is what an inference really touches on the emulated board: filled, run, looked at."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.compile import compile_graph
from edgeinfer.firmware.flash import flash
from edgeinfer.plan import FASTEST, SMALLEST
from edgeinfer.wire.device import Device
from tests.board.debugger import connect, symbol

pytestmark = pytest.mark.xdist_group("touched")

# Bytes of scratch that only fill words up, where a row of a window is no whole number of words: the
# weights under them are 0.
FILLED = {"vww01": 8}
# Bytes of scratch of convolutions in pairs, of which these loops fill one half: they keep bytes
# where others have 16 bits, and an image runs on any core.
HALF = {("sww01", "stm32vldiscovery"): {*range(3812, 3840), *range(4000, 4160)}}
# And of depthwise tiles, which on ARMv6-M hold words of one channel: a short row needs fewer.
HALF[("kws01", "microbit")] = {*range(8512, 8544)}
GOALS = {"minimum": SMALLEST, "fast": FASTEST}


@pytest.mark.parametrize(
    ("name", "board", "goal"),
    [
        ("sww01", "stm32vldiscovery", "minimum"),
        ("sww01", "mps2-an386", "fast"),
        ("kws01", "microbit", "minimum"),
        ("kws01", "mps2-an386", "minimum"),
        ("ic01", "mps2-an386", "minimum"),
        ("ad01", "mps2-an386", "minimum"),
        ("person_detect", "mps2-an386", "minimum"),
        ("vww01", "mps2-an386", "minimum"),
    ],
)
def test_an_inference_touches_the_arena_and_all_of_it(
    name: str,
    board: str,
    goal: str,
    shared: Path,
    cache: Path,
) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    made = compile_graph(graph, goal=GOALS[goal])
    size = made.plan.arena_bytes
    done = flash(made.image, load_board(board))
    running = emulator.find(board)
    assert running is not None
    prefix = TOOLCHAINS[load_board(board).toolchain].prefix
    start, room = symbol(Path(running.elf), "arena", f"{prefix}nm")
    assert room == size == done.arena_bytes
    touched = np.zeros(size, np.bool_)
    with Device(done.port) as device:
        sample = random.Random(1).randbytes(sum(device.info().inputs))
        for pattern in (0xA5, 0x5A):  # no byte can be equal to both
            with connect(board) as debugger:
                debugger.write(start, bytes([pattern]) * size)
            device.load_input(sample)
            device.run_ticks(1)
            with connect(board) as debugger:
                touched |= np.frombuffer(debugger.read(start, size), np.uint8) != pattern
    emulator.stop(board)
    free = np.flatnonzero(~touched)
    # What no step has use for: bytes that only keep a multiple of four.
    alive = np.zeros(size, np.bool_)
    for lives in made.plan.lives:
        for live in lives:
            alive[live.offset : live.offset + live.size] = True
    assert not (touched & ~alive).any(), "bytes beside the plan are written"
    half = HALF.get((name, board), set())
    end = max({*range(size)} - half) + 1
    assert end - 4 < np.flatnonzero(touched)[-1] + 1 <= size
    assert touched[:4].any()
    spare = sorted({*free.tolist()} - half)
    assert len(spare) == FILLED.get(name, 0), f"bytes {spare} of {size} are never touched"
