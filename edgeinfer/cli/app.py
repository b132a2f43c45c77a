# SPDX-License-Identifier: Apache-2.0
"""Builds the parser from the commands, runs one, and turns errors into sentences."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

from edgeinfer import __version__
from edgeinfer.cli import (
    bench,
    boards,
    doctor,
    evaluate,
    flash,
    inspect,
    plan,
    quantize,
    run,
    verify,
)
from edgeinfer.cli.ui import Ui
from edgeinfer.errors import EdgeinferError

# A command is a module: NAME, HELP, EXAMPLES, arguments(parser), run(args, ui) -> JSON object, and
# show(result, ui). A result's "exit_status" key is taken out and returned.
COMMANDS: tuple[ModuleType, ...] = (
    quantize,
    inspect,
    plan,
    run,
    verify,
    evaluate,
    flash,
    bench,
    boards,
    doctor,
)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors name the remedy."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}.\nSee '{self.prog} --help'.\n")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = _Parser(
        prog="edgeinfer",
        description="Quantize a network, know its memory, run it on a board byte for byte.",
    )
    top.add_argument("--version", action="version", version=f"edgeinfer {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in COMMANDS:
        sub = commands.add_parser(
            module.NAME,
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
            epilog="examples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object and no more")
        sub.set_defaults(module=module)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 done, 1 the answer is no, 2 wrong usage or input."""
    args = parser().parse_args(arguments)
    ui = Ui(quiet=args.json)
    try:
        result: dict[str, Any] = args.module.run(args, ui)
        status = int(result.pop("exit_status", 0))
        if args.json:
            print(json.dumps(result))
        else:
            args.module.show(result, ui)
        return status
    except EdgeinferError as error:
        if args.json:
            print(json.dumps({"error": error.what, "remedy": error.remedy}))
        else:
            ui.err.print(f"error: {error.what}", style="bold red", markup=False)
            if error.remedy:
                ui.err.print(error.remedy, markup=False)
        return error.exit_status
    except KeyboardInterrupt:
        ui.err.print("Interrupted.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def entry() -> None:
    """The console script."""
    sys.exit(main())
