# SPDX-License-Identifier: Apache-2.0
"""A small model, boards that carry it, and a fake board in Python for faults on the line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import all_boards, load_board
from edgeinfer.compile import compile_graph
from edgeinfer.firmware.flash import FlashResult, flash
from edgeinfer.graph import Graph, Node, Quant, Tensor
from tests.board.fake import FakeBoard
from tests.conftest import cache_of_its_own

# Arduinos have tests of their own.
BOARDS = tuple(b.name for b in all_boards() if b.runs_here and not b.arduino)
SEED = 7
WIDTH = 300  # two inputs of it take three blocks on the line


def two_inputs(seed: int = SEED, name: str = "two", width: int = WIDTH) -> Graph:
    """sum = a + b; scores = dense(sum): two inputs, two outputs."""
    rng = np.random.default_rng(seed)
    int8, int32 = np.dtype(np.int8), np.dtype(np.int32)
    weights = rng.integers(-127, 128, (10, width)).astype(np.int8)
    bias = rng.integers(-500, 500, 10).astype(np.int32)
    tensors = (
        Tensor("a", (1, width), int8, Quant.per_tensor(0.02, 3)),
        Tensor("b", (1, width), int8, Quant.per_tensor(0.03, -5)),
        Tensor("sum", (1, width), int8, Quant.per_tensor(0.05, 1)),
        Tensor("weights", weights.shape, int8, Quant.per_tensor(0.01, 0), weights),
        Tensor("bias", bias.shape, int32, Quant.per_tensor(0.0005, 0), bias),
        Tensor("scores", (1, 10), int8, Quant.per_tensor(0.4, -4)),
    )
    nodes = (
        Node("ADD", (0, 1), (2,), {"fused_activation_function": 0}, "AddOptions"),
        Node(
            "FULLY_CONNECTED",
            (2, 3, 4),
            (5,),
            {"fused_activation_function": 0, "keep_num_dims": False, "weights_format": 0},
            "FullyConnectedOptions",
        ),
    )
    return Graph(tensors, nodes, (0, 1), (2, 5), name=name)


def two_inputs_like(seed: int) -> bytes:
    """The image of the same network, trained anew."""
    return compile_graph(two_inputs(seed, "two" if seed == SEED else f"two-{seed}")).image


@pytest.fixture(scope="session")
def image() -> bytes:
    return compile_graph(two_inputs()).image


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own; every emulator in it is stopped afterwards."""
    with cache_of_its_own(tmp_path_factory.mktemp("cache")) as folder:
        yield folder


class Desk:
    """Every emulated board with the small model on it, built once and plugged in when asked for."""

    def __init__(self, image: bytes, folder: Path) -> None:
        self.image, self._folder = image, folder
        self._results: dict[str, FlashResult] = {}
        self._programs: dict[str, Path] = {}

    def result(self, name: str) -> FlashResult:
        """What flashing said, with the port where the board is now."""
        running = emulator.find(name)
        if name not in self._results:
            self._results[name] = flash(self.image, load_board(name))
            running = emulator.find(name)
            assert running is not None
            # Another test's model may replace what was built.
            self._programs[name] = Path(shutil.copy(running.elf, self._folder / f"{name}.elf"))
        elif running is None:
            running = emulator.start(load_board(name), self._programs[name])
        return replace(self._results[name], port=running.port)

    def program(self, name: str) -> Path:
        """The firmware with the small model."""
        self.result(name)
        return self._programs[name]

    def port(self, name: str) -> str:
        return self.result(name).port


@pytest.fixture(scope="session")
def desk(image: bytes, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(image, tmp_path_factory.mktemp("programs"))


@pytest.fixture
def fake() -> Iterator[FakeBoard]:
    with FakeBoard() as board:
        yield board
