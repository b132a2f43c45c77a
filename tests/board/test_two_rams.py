# SPDX-License-Identifier: Apache-2.0
"""A board with a fast and a slow RAM: what is used most is fast, and what has no room is slow."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board, load_board
from edgeinfer.compile import compile_graph
from edgeinfer.errors import FitError
from edgeinfer.firmware.flash import arena_room, flash, goal_for
from edgeinfer.graph import Graph
from edgeinfer.session import Session
from edgeinfer.wire.device import Device
from tests.board.conftest import two_inputs
from tests.ops.cases import samples
from tests.optimize.networks import Net

NAME = "mps3-an547-two-rams"


@pytest.fixture
def board(cache: Path) -> Iterator[Board]:
    yield load_board(NAME)
    emulator.stop(NAME)


def wide(name: str = "wide") -> Graph:
    """Its output alone, 92,160 bytes, is larger than the fast RAM."""
    net = Net(4)
    net.conv(net.conv(net.input(1, 48, 48, 8), 8, 3), 40, 1)
    return replace(net.graph(len(net.tensors) - 1), name=name)


def image_for(graph: Graph, board: Board, apart: bool = False) -> bytes:
    goal = goal_for(board)
    return compile_graph(graph, goal=goal, layout=board.layout, passes=(), apart=apart).image


def address(name: str) -> int:
    running = emulator.find(NAME)
    assert running is not None
    symbols = subprocess.run(
        ["arm-none-eabi-nm", running.elf], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(rf"^(\w+) \w {name}$", symbols, re.MULTILINE)
    assert found
    return int(found[1], 16)


def gives_the_hosts_bytes(device: Device, graph: Graph, image: bytes) -> None:
    (sample,) = samples(graph, np.random.default_rng(1), 1)
    wanted = [y.tobytes() for y in Session(image).run(sample)]
    assert device.invoke([x.tobytes() for x in sample]) == wanted


def test_an_arena_is_divided_between_two_rams(board: Board) -> None:
    graph = wide()
    image = image_for(graph, board)
    facts = Session(image).info
    assert 0 < facts.fast_bytes <= arena_room(board) < facts.arena_bytes
    done = flash(image, board)
    assert done.arena_bytes == facts.arena_bytes
    assert done.slow_bytes >= facts.arena_bytes - facts.fast_bytes
    assert address("arena") & ~0xFFFF == board.ram_origin
    assert address("slow_arena") == board.slow_ram_origin
    with Device(done.port) as device:
        assert device.memory().arena_bytes == facts.arena_bytes
        gives_the_hosts_bytes(device, graph, image)
    with pytest.raises(FitError, match="RAM is short"):
        flash(image, replace(board, slow_ram_bytes=0))
    with pytest.raises(FitError, match="RAM is short"):
        flash(image, replace(board, slow_ram_bytes=4096))


def test_an_input_that_the_fast_ram_has_no_room_for_is_kept_in_the_slow_one(board: Board) -> None:
    net = Net(4)
    net.conv(net.conv(net.input(1, 64, 64, 8), 8, 1), 8, 1)
    graph = net.graph(len(net.tensors) - 1)
    image = image_for(graph, board)
    done = flash(image, board)
    assert done.arena_bytes <= arena_room(board) < done.arena_bytes + 64 * 64 * 8
    assert done.slow_bytes == 64 * 64 * 8
    with Device(done.port) as device:
        assert device.info().keeps_input
        gives_the_hosts_bytes(device, graph, image)


def test_models_share_both_rams(board: Board) -> None:
    graphs = [wide("a"), replace(two_inputs(), name="b"), wide("c")]
    images = [image_for(graph, board, apart=True) for graph in graphs]
    done = flash(images, board)
    assert done.arena_bytes == Session(images[0]).info.arena_bytes
    with Device(done.port) as device:
        for which in (2, 1, 0, 1, 2):
            device.choose(which)
            gives_the_hosts_bytes(device, graphs[which], images[which])
