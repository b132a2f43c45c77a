# SPDX-License-Identifier: Apache-2.0
"""Prints the table operators × cores: models that are right in every byte, and those that are not.

Usage: python -m tests.conformance [-n MODELS] [--cores M4,M55] [--ops CONV_2D,ADD]
       python -m tests.conformance --whole [--cores M4,M55]

With --whole the rows are the public int8 models of ../shared, and the numbers their inputs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edgeinfer.boards.board import LAYOUTS
from tests.conformance.bundle import INPUTS, make_cases
from tests.conformance.core import CORES, Core
from tests.conformance.models import CHUNK, model_cases
from tests.conftest import ROOT


def main() -> int:
    """The command; 1 when anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("-n", "--models", type=int, default=40, help="of each operator")
    parser.add_argument("--cores", default=",".join(CORES), help="separated by commas")
    parser.add_argument("--ops", default="", help="separated by commas; by default all")
    parser.add_argument("--whole", action="store_true", help="the models of ../shared")
    args = parser.parse_args()
    cores = args.cores.split(",")
    ops = args.ops.split(",") if args.ops else ()
    made = {
        layout: list(model_cases(ROOT.parent / "shared", layout))
        if args.whole
        else make_cases(args.models, layout, ops)
        for layout in LAYOUTS
    }
    cases = made[LAYOUTS[0]]
    columns: dict[str, dict[int, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in cores:
            core = Core(name, Path(folder) / name)
            if core.missing:
                print(f"{name}: left out, {core.missing} is not installed", file=sys.stderr)
                continue
            print(f"{name}: {core.board.title}", file=sys.stderr)
            columns[name] = core.run(made[core.layout])
    weights = [len(case.samples) if args.whole else 1 for case in cases]
    counts: Counter[str] = Counter()
    for case, weight in zip(cases, weights, strict=True):
        counts[case.op] += weight
    width = max(map(len, counts))
    print(
        f"{'inputs of' if args.whole else 'models':{width}} {'':5}"
        + "".join(f"{name:>10}" for name in columns)
    )
    for op, models in counts.items():
        cells = (
            _cell([(v, weights[i]) for i, v in column.items() if cases[i].op == op])
            for column in columns.values()
        )
        print(f"{op:{width}} {models:5}" + "".join(f"{cell:>10}" for cell in cells))
    runs = [value for column in columns.values() for value in column.values()]
    wrong = sum(value != 0 for value in runs)
    print(
        f"\n{len(cases)} models with {CHUNK if args.whole else INPUTS} inputs each on "
        f"{len(columns)} cores: {len(runs)} runs, {wrong} of them wrong, "
        f"{sum(runs)} bytes differ.\n"
        "Where a number is smaller than the first, the rest does not fit the board."
    )
    return int(wrong > 0 or not runs)


def _cell(results: Sequence[tuple[int, int]]) -> str:
    wrong = sum(weight for value, weight in results if value != 0)
    return f"{wrong} WRONG" if wrong else str(sum(weight for _, weight in results))


if __name__ == "__main__":
    sys.exit(main())
