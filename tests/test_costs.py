# SPDX-License-Identifier: Apache-2.0
"""What inspect says of a board before anything is built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.bench import bench
from edgeinfer.boards.board import all_boards, load_board
from edgeinfer.boards.cycles import cores_of
from edgeinfer.boards.emulator import stop
from edgeinfer.compile import compile_graph
from edgeinfer.costs import COSTS, estimate, work
from edgeinfer.firmware.flash import flash
from edgeinfer.image import read_image
from edgeinfer.inspection import layers
from edgeinfer.optimize import optimize
from edgeinfer.plan import FASTEST
from edgeinfer.wire.device import Device
from tests.costs import BOARDS, fitted
from tests.ops.cases import CASES
from tests.optimize.networks import network


@pytest.mark.xdist_group("commands")
@pytest.mark.parametrize("core", ["cortex-m4f", "cortex-m0"])
def test_an_estimate_is_near_what_a_model_of_its_own_takes(
    core: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """vww01 is none of the models that the figures were measured with."""
    monkeypatch.setenv("EDGEINFER_CACHE", str(tmp_path))
    graph = tflite.read_file(shared / "models" / "int8" / "vww01_int8.tflite")
    board, made = load_board(BOARDS[core]), compile_graph(graph, goal=FASTEST)
    done = flash(made.image, board)
    try:
        with Device(done.port) as device:
            took = bench(device, board, read_image(made.image), runs=1)["per_inference"]
    finally:
        stop(board.name)
    guess = estimate(layers(made.optimized.graph), board)
    assert guess is not None
    assert guess.instructions == pytest.approx(took, rel=0.25)


def test_every_emulated_core_without_an_operating_system_has_figures() -> None:
    assert set(COSTS) == set(BOARDS)
    counted = {b.core for b in all_boards() if b.counts_instructions and not b.hosted}
    assert counted == set(COSTS)
    for core, table in COSTS.items():
        known = 2 if cores_of(load_board(BOARDS[core])) else 1
        assert {len(factors) for factors in table.values()} == {known}


@pytest.mark.parametrize("board", ["microbit", "mps2-an505", "local"])
def test_any_network_has_an_estimate(board: str) -> None:
    facts = load_board(board)
    found = [estimate(layers(optimize(network(seed)).graph), facts) for seed in range(20)]
    if facts.core not in COSTS:
        assert found == [None] * 20
        return
    for guess in found:
        assert guess is not None and guess.instructions > 0
        assert (guess.seconds is None) == (board != "microbit")
        if guess.cycles and guess.seconds:
            assert guess.cycles > guess.instructions
            assert guess.seconds == guess.cycles / 16_000_000


def test_two_factors_are_found_again() -> None:
    rows = [((m, n), 3 * m + 40 * n, 2 * m) for m, n in ((90, 10), (800, 3), (50, 50))]
    assert fitted(rows, 1) == pytest.approx((3, 40))
    assert fitted(rows, 2) == pytest.approx((2, 0))
    assert fitted([((9, 1), 18, 0), ((90, 10), 90, 0)], 1)[0] >= 0


def test_work_of_layers_without_multiplications_is_their_largest_tensor() -> None:
    graph = CASES["MAX_POOL_2D"](np.random.default_rng(1))
    (layer,) = layers(graph)
    (x,), (y,) = graph.inputs, graph.outputs
    assert work(layer) == (
        max(graph.tensors[x].nbytes, graph.tensors[y].nbytes),
        graph.tensors[y].nbytes,
    )
