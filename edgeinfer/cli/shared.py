# SPDX-License-Identifier: Apache-2.0
"""edgeinfer plan A B: the arena that several models in one firmware share."""

from __future__ import annotations

import argparse
from typing import Any

from edgeinfer.boards.board import Board
from edgeinfer.cli import common
from edgeinfer.cli.ui import Ui, size
from edgeinfer.errors import DataError
from edgeinfer.firmware.flash import misfit
from edgeinfer.firmware.models import Models


def run(args: argparse.Namespace, board: Board | None, ui: Ui) -> dict[str, Any]:
    """Plan all models. Raises DataError for options that belong to one model."""
    if args.plot or args.output:
        raise DataError("--plot and --output take one model.", "Plan the models one by one.")
    made = common.compiled_together(args.model, ui, args, board)
    models = Models([each.image for each in made])
    result: dict[str, Any] = {
        "models": [
            {
                "model": path,
                "name": facts.name,
                "arena_bytes": facts.arena_bytes,
                "state_bytes": facts.state_bytes,
                "image_bytes": len(each.image),
                "optimal": each.plan.optimal,
            }
            for path, facts, each in zip(args.model, models.facts, made, strict=True)
        ],
        "arena_bytes": models.arena_bytes,
        "state_bytes": models.state_bytes,
        "separate_bytes": sum(facts.arena_bytes for facts in models.facts),
    }
    if board is not None:
        reason = misfit(models, board)
        result |= {"board": board.name, "fits": not reason, "reason": reason}
        result["exit_status"] = 1 if reason else 0
    return result


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(
        f"Arena {size(result['arena_bytes'])} for {len(result['models'])} models; apart they would "
        f"need {size(result['separate_bytes'])}"
    )
    ui.say()
    ui.table(
        [
            [model["name"], size(model["state_bytes"]), size(rest), size(model["image_bytes"])]
            for model in result["models"]
            for rest in (model["arena_bytes"] - model["state_bytes"],)
        ],
        ["model", "its state", "shared", "image"],
        " rrr",
        cut=0,
    )
    if "board" in result:
        ui.say()
        ui.say(f"The models fit {result['board']}." if result["fits"] else result["reason"])
