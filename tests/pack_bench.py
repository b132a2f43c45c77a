# SPDX-License-Identifier: Apache-2.0
"""How many packing problems at 100 % of capacity are solved with proof, and in what time.

Run by `python -m tests.pack_bench`; --help has the options. Uses one core. Seconds are this
process's own, so that a busy machine takes longer but solves as much."""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from collections.abc import Sequence
from time import process_time as clock

from edgeinfer.cli.ui import Ui
from edgeinfer.plan import Buffer, Packing, solve
from tests.pack_instances import CAPACITY, DENSITIES, best_fit, hard

SIZES = (154, 204, 254, 304, 354, 404, 454)  # from MiniMalloc's smallest to its largest


def main(words: Sequence[str] | None = None) -> int:
    """Print a line for each size; 1 if a problem was not solved."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--each", type=int, default=50, help="problems of each size")
    parser.add_argument("--seconds", type=float, default=60, help="for each problem")
    parser.add_argument(
        "--steps", type=float, nargs="+", default=DENSITIES, metavar="X", help="for each buffer"
    )
    args = parser.parse_args(words)
    ui = Ui()
    solved = total = 0
    for size in args.sizes:
        times: list[float] = []
        greedy: list[float] = []
        missed: Counter[float] = Counter()
        for number in range(args.each):
            density = args.steps[number % len(args.steps)]
            buffers = hard(size, number, density)
            greedy.append(best_fit(buffers))
            start = clock()
            packing = solve(buffers, 1, seconds=args.seconds, nodes=1 << 62, clock=clock)
            times.append(clock() - start)
            if not perfectly_packed(buffers, packing):
                missed[density] += 1
        total += args.each
        solved += args.each - missed.total()
        ui.say(
            f"{size} buffers: {args.each - missed.total()} of {args.each} solved with proof; "
            f"median {statistics.median(times):.2f} s, slowest {max(times):.2f} s; "
            f"greedy {min(greedy):.2f} to {max(greedy):.2f}"
            + "".join(f"; {n} missed at {density} steps a buffer" for density, n in missed.items())
        )
    ui.say(f"{solved} of {total} in all.")
    return int(solved < total)


def perfectly_packed(buffers: Sequence[Buffer], packing: Packing) -> bool:
    """Whether the packing fills the capacity and is proven; asserts that it is one."""
    for i, a in enumerate(buffers):
        start = packing.offsets[a.id]
        assert start >= 0 and start + a.size <= packing.arena_bytes
        for b in buffers[:i]:
            other = packing.offsets[b.id]
            apart = a.last < b.first or b.last < a.first
            assert apart or start + a.size <= other or other + b.size <= start
    return packing.optimal and packing.arena_bytes == CAPACITY


if __name__ == "__main__":
    raise SystemExit(main())
