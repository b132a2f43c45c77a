# SPDX-License-Identifier: Apache-2.0
"""edgeinfer plan --buffers: packs the buffers of a CSV file, whatever they are for."""

from __future__ import annotations

import argparse
import csv
import io
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgeinfer.cli import common, data
from edgeinfer.cli.ui import Ui, size
from edgeinfer.errors import DataError
from edgeinfer.plan import Buffer, solve

COLUMNS = ("id", "lower", "upper", "size")
NAMES = {"buffer": "id", "start": "lower", "end": "upper"}  # that the columns also go by
LARGEST = 1 << 31  # bytes of a buffer
ROWS = 20  # that are shown
AROUND = 3.0  # seconds of --time for the start of Python and the answer, on a busy PC
REMEDY = "Give rows of id,lower,upper,size: live from step lower until before upper, size in bytes."


def arguments(parser: argparse.ArgumentParser) -> None:
    """--buffers and what belongs to it."""
    group = parser.add_argument_group("any buffers instead of a model's")
    group.add_argument("--buffers", metavar="FILE", help="CSV of id,lower,upper,size: pack these")
    group.add_argument("--capacity", metavar="BYTES", type=common.positive, help="must fit in this")
    group.add_argument(
        "--time", metavar="SECONDS", type=_seconds, help="for the command (default 60)"
    )


def check_arguments(args: argparse.Namespace) -> None:
    """Raises DataError unless there is a model or --buffers, with what belongs to it."""
    if bool(args.model) == bool(args.buffers):
        raise DataError("Give either a MODEL or --buffers FILE.", "See 'edgeinfer plan --help'.")
    if args.model and (args.capacity is not None or args.time is not None):
        raise DataError("--capacity and --time belong to --buffers.", "Use --board for a model.")
    if args.buffers and args.board:
        raise DataError("--board belongs to a model.", "Use --capacity with --buffers.")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    """Pack the file of --buffers. Raises DataError for a file that is not as it should be."""
    names, buffers = read(args.buffers)
    if args.output:
        data.check_writable(args.output)
    start = time.monotonic()
    limit = args.time or 60.0
    seconds = max(limit - AROUND, limit / 2)
    with ui.progress("Packing") as advance:
        packing = solve(buffers, 1, args.capacity, seconds, progress=advance, nodes=1 << 62)
    offsets = {name: packing.offsets[b.id] for name, b in zip(names, buffers, strict=True)}
    result: dict[str, Any] = {
        "buffers": len(buffers),
        "arena_bytes": packing.arena_bytes,
        "lower_bound_bytes": packing.proven_bytes,
        "optimal": packing.optimal,
        "offsets": offsets,
        "seconds": round(time.monotonic() - start, 3),
        "nodes": packing.nodes,
    }
    if args.capacity is not None:
        fits = packing.fits(args.capacity)
        result |= {"capacity_bytes": args.capacity, "fits": bool(fits)}
        result |= {"impossible": fits is False, "exit_status": 0 if fits else 1}
    if args.output:
        rows = [(n, b.first, b.last + 1, b.size) for n, b in zip(names, buffers, strict=True)]
        data.write_whole({args.output: _csv(rows, offsets).encode()})
        result["output"] = args.output
    return result


def show(result: dict[str, Any], ui: Ui) -> None:
    """The answer for people."""
    arena, bound, count = result["arena_bytes"], result["lower_bound_bytes"], result["buffers"]
    proof = "proven smallest" if result["optimal"] else f"not proven; {size(bound)} at the least"
    ui.say(f"{count:,} buffers need an arena of {size(arena)} ({proof}).")
    ui.say(f"Searched {result['nodes']:,} nodes in {result['seconds']:.1f} s.")
    if "fits" in result:
        capacity = size(result["capacity_bytes"])
        if result["fits"]:
            ui.say(f"They fit {capacity}.")
        elif result["impossible"]:
            ui.say(f"They cannot fit {capacity}: that is proven.")
        else:
            ui.say(
                f"No packing into {capacity} was found, nor proven impossible: give more --time."
            )
    ui.say()
    offsets = result["offsets"]
    rows = [[name, f"{offsets[name]:,}"] for name in list(offsets)[:ROWS]]
    ui.table(rows, ["buffer", "offset"], " r")
    if count > ROWS:
        ui.say(f"… and {count - ROWS:,} more: use -o OUT.csv or --json.")
    if "output" in result:
        ui.say()
        ui.say(f"Wrote {result['output']}.")


def read(path: str) -> tuple[list[str], list[Buffer]]:
    """The ids and the buffers of a file, in its order. Raises DataError naming the line."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not a text file.", REMEDY) from error
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise DataError(f"'{path}' cannot be read: {reason}.", "Give the path of a CSV.") from error
    place = dict(zip(COLUMNS, range(4), strict=True))
    titled = False
    names: dict[str, int] = {}
    buffers: list[Buffer] = []
    reader = csv.reader(io.StringIO(text))
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if not any(row) or row[0].startswith("#"):
                continue
            where = f"{path}, line {reader.line_num}"
            if not names and not titled and (found := _header(row)):
                place, titled = found, True
                continue
            if len(row) <= max(place.values()) or (not titled and len(row) != len(COLUMNS)):
                raise DataError(f"{where}: There are {len(row)} columns.", REMEDY)
            name, *rest = (row[place[column]] for column in COLUMNS)
            lower, upper, count = (_whole(cell, where) for cell in rest)
            _check(name, lower, upper, count, names, where)
            names[name] = reader.line_num
            buffers.append(Buffer(len(buffers), count, lower, upper - 1))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: Not CSV ({error}).", REMEDY) from error
    if not buffers:
        raise DataError(f"'{path}' has no buffers.", REMEDY)
    return list(names), buffers


def _header(row: Sequence[str]) -> dict[str, int] | None:
    """Which column is where, if the row says so."""
    titles = [NAMES.get(cell.lower(), cell.lower()) for cell in row]
    return {c: titles.index(c) for c in COLUMNS} if set(COLUMNS) <= set(titles) else None


def _whole(cell: str, where: str) -> int:
    digits = cell.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise DataError(f"{where}: '{cell[:40]}' is not a whole number.", REMEDY)
    return int(cell)


def _check(name: str, lower: int, upper: int, count: int, names: dict[str, int], at: str) -> None:
    if not name:
        raise DataError(f"{at}: The id is empty.", REMEDY)
    if name in names:
        raise DataError(
            f"{at}: Buffer '{name}' is already in line {names[name]}.", "Give each its own id."
        )
    if upper <= lower:
        raise DataError(f"{at}: Buffer '{name}' ends at {upper}, not after {lower}.", REMEDY)
    if not 0 <= count <= LARGEST:
        raise DataError(
            f"{at}: Buffer '{name}' has {count} bytes.", f"Sizes are from 0 to {LARGEST}."
        )


def _csv(rows: Sequence[tuple[str, int, int, int]], offsets: dict[str, int]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, "offset"])
    writer.writerows([*row, offsets[row[0]]] for row in rows)
    return out.getvalue()
