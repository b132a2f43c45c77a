# SPDX-License-Identifier: Apache-2.0
"""How much RAM, flash and time a quantized model may take: --board, --max-ram and the like."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from edgeinfer.boards.board import Board, layout_for, load_board
from edgeinfer.cli import common
from edgeinfer.compile import Compiled, compile_graph
from edgeinfer.costs import estimate
from edgeinfer.errors import BoardError
from edgeinfer.firmware.flash import goal_for, misfit
from edgeinfer.firmware.models import Models
from edgeinfer.graph import Graph
from edgeinfer.image import read_image
from edgeinfer.inspection import layers


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options that limit a model."""
    group = parser.add_argument_group("budget of --mixed and --int4")
    group.add_argument("--board", metavar="B", help="RAM and flash of this board")
    group.add_argument(
        "--max-ram", type=common.positive, metavar="BYTES", help="of the arena at most"
    )
    group.add_argument(
        "--max-flash", type=common.positive, metavar="BYTES", help="of the image at most"
    )
    group.add_argument(
        "--max-ms",
        type=common.positive,
        metavar="MS",
        help="of an inference at most, as estimated for --board",
    )


def judge(args: argparse.Namespace) -> Callable[[Graph], str] | None:
    """What says why a graph is beyond the budget, and nothing if it is not; None without a budget.

    Raises BoardError for an unknown board, or one whose time is not known if there is a limit."""
    board = load_board(args.board) if args.board else None
    if board is None and args.max_ms:
        raise BoardError("--max-ms needs a board.", "Name one with --board.")
    if board is None and not (args.max_ram or args.max_flash):
        return None

    def why(graph: Graph) -> str:
        made = compile_graph(graph, goal=goal_for(board), layout=layout_for(board))
        return _beyond(args, board, made)

    return why


def _beyond(args: argparse.Namespace, board: Board | None, made: Compiled) -> str:
    arena, image = read_image(made.image).arena_bytes, len(made.image)
    if args.max_ram and arena > args.max_ram:
        return f"An arena of {arena:,} bytes is more than {args.max_ram:,}."
    if args.max_flash and image > args.max_flash:
        return f"An image of {image:,} bytes is more than {args.max_flash:,}."
    if board is None:
        return ""
    if args.max_ms:
        cost = estimate(layers(made.optimized.graph), board)
        if cost is None or cost.seconds is None:
            raise BoardError(
                f"Nothing is known of time on {board.name}.", "Leave --max-ms out, or name another."
            )
        if cost.seconds * 1000 > args.max_ms:
            return f"About {cost.seconds * 1000:.1f} ms are more than {args.max_ms}."
    return misfit(Models([made.image]), board)
