# SPDX-License-Identifier: Apache-2.0
"""Builds the parser from the commands, runs one, and turns errors into sentences."""

from __future__ import annotations

import argparse
import difflib
import io
import json
import math
import os
import re
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from edgeinfer import __version__
from edgeinfer.cli import (
    bench,
    boards,
    doctor,
    evaluate,
    export,
    flash,
    inspect,
    load,
    monitor,
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
    load,
    bench,
    monitor,
    export,
    boards,
    doctor,
)

TRACEBACK = "EDGEINFER_TRACEBACK"
EPILOG = """examples:
  edgeinfer quantize model.tflite --calib samples.npz
  edgeinfer flash model_int8.tflite --board netduinoplus2
  edgeinfer bench --board netduinoplus2 --layers

Each command has --help, and --json for scripts.
Exit status: 0 done; 1 the answer is no (does not fit or match);
2 wrong usage or bad input."""


class UsageError(EdgeinferError):
    """The arguments are not as the command wants them."""


class _Parser(argparse.ArgumentParser):
    """An argument parser that raises what it finds wrong."""

    def error(self, message: str) -> NoReturn:
        remedy = f"See '{self.prog} --help'."
        unknown = re.match(r"argument COMMAND: invalid choice: '(.*)' \(", message)
        if unknown:
            message = f"there is no command '{unknown[1]}'"
            near = difflib.get_close_matches(unknown[1], [m.NAME for m in COMMANDS], n=2)
            remedy = (f"Did you mean {' or '.join(near)}? " if near else "") + remedy
        raise UsageError(f"{message[0].upper()}{message[1:]}.", remedy)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = _Parser(
        prog="edgeinfer",
        description="Quantize a network, know its memory, run it on a board byte for byte.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"edgeinfer {__version__}")
    commands = top.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    for module in COMMANDS:
        sub = commands.add_parser(
            module.NAME,
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
            epilog="examples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object and no more")
        sub.set_defaults(module=module)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 done, 1 the answer is no, 2 wrong usage or input."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    ui = Ui(quiet=as_json)
    try:
        if not words:
            parser().print_help(sys.stderr)
            return UsageError.exit_status
        args = parser().parse_args(words)
        result: dict[str, Any] = args.module.run(args, ui)
        status = int(result.pop("exit_status", 0))
        if as_json:
            print(json.dumps(plain(result), allow_nan=False))
        else:
            args.module.show(result, ui)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # 'edgeinfer … | head' has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return _fail(ui, EdgeinferError("Interrupted."), 130)
    except EdgeinferError as error:
        return _fail(ui, error, error.exit_status)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            traceback.print_exc()
        return _fail(ui, _unexpected(error), 2)


def entry() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # names in files may be in any script
    sys.exit(main())


def plain(value: Any) -> Any:
    """A result as JSON has it: numbers that are not finite become null."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _fail(ui: Ui, error: EdgeinferError, status: int) -> int:
    if ui.quiet:
        print(json.dumps({"error": error.what, "remedy": error.remedy}))
    else:
        ui.error(error.what, error.remedy)
    return status


def _unexpected(error: Exception) -> EdgeinferError:
    if isinstance(error, MemoryError):
        return EdgeinferError(
            "This PC's memory is too small for this.", "Use fewer samples (-n) or a smaller model."
        )
    if isinstance(error, OSError) and error.strerror:
        place = f"'{error.filename}'" if error.filename else "A file"
        return EdgeinferError(
            f"{place} cannot be used: {error.strerror.lower()}.",
            "Check that it exists, that you may write there, and that the disk is not full.",
        )
    return EdgeinferError(
        f"edgeinfer itself failed ({type(error).__name__}: {error}).",
        f"Please report it with what it prints when {TRACEBACK}=1 is set.",
    )
