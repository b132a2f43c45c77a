# SPDX-License-Identifier: Apache-2.0
"""edgeinfer bench --compare: what two benchmarks differ in, and whether the new one is worse."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgeinfer.cli.ui import Ui
from edgeinfer.errors import DataError

THRESHOLD = 5.0  # percent; what a time on a real board may differ by without a cause
_RAM = ("arena_bytes", "stack_bytes", "static_ram_bytes")
_FLASH = ("image_bytes", "code_bytes")
Result = Mapping[str, Any]


def compared(old_file: str, new_file: str, threshold: float, ui: Ui) -> dict[str, Any]:
    """The rows of the comparison as JSON data; its exit status is 1 when the new one is worse.

    Worse: one inference, RAM or flash takes more by over `threshold` percent. Raises DataError for
    files that `bench --json` did not write, or of different units."""
    old, new = _read(old_file), _read(new_file)
    if old["unit"] != new["unit"]:
        raise DataError(
            f"{old_file} counts {old['unit']} and {new_file} {new['unit']}: not comparable.",
            "Compare benchmarks of one kind of board.",
        )
    if old["board"] != new["board"]:
        ui.warn(f"{old_file} is of {old['board']}, {new_file} of {new['board']}.")
    totals, parts = list(_totals(old, new)), list(_layers(old, new))
    worse = [row["what"] for row in totals if _over(row, threshold)]
    return {
        "old": old_file,
        "new": new_file,
        "unit": old["unit"],
        "threshold": threshold,
        "totals": totals,
        "layers": parts,
        "regressions": worse,
        "exit_status": int(bool(worse)),
    }


def show(result: Result, ui: Ui) -> None:
    limit = result["threshold"]
    rows = [*result["totals"], *result["layers"]]
    ui.table(
        [
            [row["what"], row["op"], *map(_number, (row["old"], row["new"])), _change(row)]
            for row in rows
        ],
        ["", "operator", "old", "new", "change"],
        "llrrr",
        cut=0,
        styles=[_style(row) for row in rows],
    )
    worse = result["regressions"]
    if worse:
        ui.say(f"Worse by more than {limit:g} %: {', '.join(worse)}.", "bold red")
    else:
        ui.say(f"Nothing is worse by more than {limit:g} %.")


def _read(file: str) -> dict[str, Any]:
    remedy = "Write it with: edgeinfer bench MODEL --board B --layers --json > FILE"
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.", remedy) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file} is not JSON.", remedy) from error
    numbers = ("per_inference", *_RAM, "image_bytes")
    layers = found.get("layers", []) if isinstance(found, dict) else None
    good = (
        isinstance(layers, list)
        and all(isinstance(found.get(name), str) for name in ("board", "unit"))
        and all(_counts(found, name) for name in numbers)
        and all(isinstance(x, dict) and _counts(x, "ticks") and "name" in x for x in layers)
    )
    if not good:
        raise DataError(f"{file} is not a benchmark of edgeinfer's.", remedy)
    return dict(found)


def _counts(table: Mapping[str, Any], name: str) -> bool:
    return isinstance(table.get(name), int | float) and math.isfinite(table[name])


def _totals(old: Result, new: Result) -> Iterator[dict[str, Any]]:
    yield _row(f"{old['unit']} per inference", old["per_inference"], new["per_inference"])
    for title, names in (("RAM", _RAM), ("flash", _FLASH)):
        known = [name for name in names if name in old and name in new]
        yield _row(f"{title}, bytes", *(sum(side[name] for name in known) for side in (old, new)))
        for name in known:
            yield _row("  " + name.removesuffix("_bytes").replace("_", " "), old[name], new[name])


def _layers(old: Result, new: Result) -> Iterator[dict[str, Any]]:
    """Layers of the same name and operator side by side, in the new order; then what is gone."""
    before, after = _by_name(old), _by_name(new)
    for key in [*after, *(key for key in before if key not in after)]:
        yield _row(key[0], before.get(key), after.get(key), key[1])


def _by_name(result: Result) -> dict[tuple[str, str, int], float]:
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for layer in result.get("layers", ()):
        key = str(layer["name"]), str(layer.get("op") or "")
        found[(*key, seen[key])] = layer["ticks"]
        seen[key] += 1
    return found


def _row(what: str, old: float | None, new: float | None, op: str = "") -> dict[str, Any]:
    """`change` is in percent of the old; null where there is no old or no new one."""
    change = 100 * (new - old) / old if old and new is not None else None
    return {"what": what, "op": op, "old": old, "new": new, "change": change}


def _over(row: Result, limit: float) -> bool:
    """Whether a sum grew beyond the limit; a part of one, which is indented, is only shown."""
    if row["what"].startswith(" "):
        return False
    return bool(row["new"] > row["old"] if row["change"] is None else row["change"] > limit)


def _style(row: Result) -> str:
    change = row["change"] or 0
    return "red" if change > 0 else "green" if change < 0 else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _change(row: Result) -> str:
    if row["new"] is None:
        return "gone"
    if row["old"] is None:
        return "new"
    change = row["change"]
    return "" if change is None else "=" if not change else f"{change:+.1f} %"
