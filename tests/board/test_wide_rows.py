# SPDX-License-Identifier: Apache-2.0
"""Rows that lie further apart than vectors reach with 16-bit offsets."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.compile import compile_graph
from edgeinfer.firmware.flash import flash, goal_for
from tests.optimize.networks import Net

BOARD = "mps3-an547"

pytestmark = pytest.mark.xdist_group("boards")


def test_the_last_row_has_only_one_far_away(cache: Path) -> None:
    """flash has the board compute the image's self-test, whose outputs the host has computed."""
    board = load_board(BOARD)
    net = Net(5)
    output = net.depthwise(net.input(1, 3, 130, 512))
    made = compile_graph(net.graph(output), goal=goal_for(board), layout=board.layout, passes=())
    (step,) = made.plan.steps
    assert step.call.kernel == "depthwise_conv_3x3"
    try:
        flash(made.image, board)
    finally:
        emulator.stop(BOARD)
