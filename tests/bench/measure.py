# SPDX-License-Identifier: Apache-2.0
"""Models on emulated boards."""

from __future__ import annotations

import subprocess
from typing import Any

from edgeinfer import bench as benchmark
from edgeinfer.boards import emulator
from edgeinfer.boards.board import layout_for, load_board
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.compile import compile_graph
from edgeinfer.firmware import build
from edgeinfer.firmware.flash import flash, goal_for
from edgeinfer.graph import Graph
from edgeinfer.image import read_image
from edgeinfer.optimize import optimize
from edgeinfer.plan import SMALLEST
from edgeinfer.wire.device import Device

# The dimension of output channels.
_CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}


def measure(
    graph: Graph, name: str, *, smallest: bool = False, small: bool = False
) -> dict[str, Any]:
    """What `edgeinfer bench` prints for a model on a board, with the plan that it takes there, the
    fastest that fits, or with the one of the smallest arena; `small` as with --optimize size."""
    board = load_board(name)
    goal = SMALLEST if smallest else goal_for(board)
    image = compile_graph(graph, goal=goal, layout=layout_for(board, small)).image
    done = flash(image, board)
    with Device(done.port, baud=board.baud) as device:
        found = benchmark.bench(device, board, read_image(image), runs=1, flashed=done)
    emulator.stop(name)
    return found


def parameter_bytes(graph: Graph) -> int:
    """Weights, biases and multipliers of what the optimizer leaves of an int8 graph, in bytes: of
    an output channel 4 of bias, 4 of multiplier and 1 of its shift."""
    graph, total = optimize(graph).graph, 0
    for node in graph.nodes:
        if node.op in _CHANNELS:
            weights = graph.tensors[node.inputs[1]]
            total += weights.size + 9 * weights.shape[_CHANNELS[node.op]]
    return total


def library_bytes(name: str) -> int:
    """Code bytes of kernels and executor in the firmware last built for a board."""
    board = load_board(name)
    elf = build.built(board)
    assert elf is not None
    nm = f"{TOOLCHAINS[board.toolchain].prefix}nm"
    own: set[str] = set()
    for made in elf.parent.rglob("*.o"):
        if made.parent.name in ("csrc", "kernels"):
            symbols = [line.split() for line in _lines(nm, str(made))]
            own |= {words[-1] for words in symbols if words[-2] in "tTrR"}
    sizes = (line.split() for line in _lines(nm, "-S", str(elf)))
    return sum(int(words[1], 16) for words in sizes if len(words) == 4 and words[3] in own)


def _lines(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
