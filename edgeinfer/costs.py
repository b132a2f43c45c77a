# SPDX-License-Identifier: Apache-2.0
"""What an inference is likely to cost on a core, before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from edgeinfer.boards import Board
from edgeinfer.inspection import Layer

# Core → operator → the two factors of `work`: executed instructions, and cycles (docs/cycles.md)
# where they are known. Measured by `python -m tests.costs`, which says how.
COSTS: dict[str, dict[str, tuple[tuple[float, float], ...]]] = {
    "cortex-m4f": {
        "ADD": ((21.16, 0.0), (14.10, 14.1)),
        "AVERAGE_POOL_2D": ((6.16, 39.4), (9.18, 58.5)),
        "CONV_2D": ((0.86, 14.6), (1.24, 17.4)),
        "DEPTHWISE_CONV_2D": ((0.00, 31.9), (0.32, 38.4)),
        "FULLY_CONNECTED": ((1.19, 39.0), (1.65, 45.7)),
        "SOFTMAX": ((107.68, 107.7), (137.64, 137.6)),
    },
    "cortex-m0": {
        "ADD": ((92.22, 0.0), (109.34, 0.0)),
        "AVERAGE_POOL_2D": ((8.37, 118.0), (11.38, 153.2)),
        "CONV_2D": ((3.89, 57.7), (4.47, 76.8)),
        "DEPTHWISE_CONV_2D": ((6.66, 88.6), (8.21, 119.1)),
        "FULLY_CONNECTED": ((5.81, 113.2), (6.81, 162.7)),
        "SOFTMAX": ((481.35, 481.3), (686.96, 687.0)),
    },
    "cortex-m3": {
        "ADD": ((36.15, 0.0), (52.19, 0.0)),
        "AVERAGE_POOL_2D": ((6.16, 39.4), (9.18, 58.5)),
        "CONV_2D": ((4.22, 29.6), (6.81, 38.6)),
        "DEPTHWISE_CONV_2D": ((3.74, 46.3), (5.64, 66.5)),
        "FULLY_CONNECTED": ((7.40, 58.3), (10.48, 77.5)),
        "SOFTMAX": ((233.59, 0.0), (174.45, 174.4)),
    },
    "cortex-m7": {
        "ADD": ((21.16, 0.0), (11.08, 11.1)),
        "AVERAGE_POOL_2D": ((6.16, 39.5), (7.17, 52.4)),
        "CONV_2D": ((0.86, 14.6), (0.88, 14.9)),
        "DEPTHWISE_CONV_2D": ((0.00, 31.8), (0.00, 33.0)),
        "FULLY_CONNECTED": ((1.19, 40.2), (1.26, 42.3)),
        "SOFTMAX": ((107.68, 107.7), (122.39, 122.4)),
    },
    "cortex-m33": {
        "ADD": ((21.15, 0.0),),
        "AVERAGE_POOL_2D": ((6.16, 39.4),),
        "CONV_2D": ((0.86, 14.6),),
        "DEPTHWISE_CONV_2D": ((0.00, 31.9),),
        "FULLY_CONNECTED": ((1.19, 39.0),),
        "SOFTMAX": ((107.77, 107.8),),
    },
    "cortex-m55": {
        "ADD": ((20.15, 0.0),),
        "AVERAGE_POOL_2D": ((5.15, 39.4),),
        "CONV_2D": ((0.19, 5.5),),
        "DEPTHWISE_CONV_2D": ((0.43, 17.4),),
        "FULLY_CONNECTED": ((0.14, 34.2),),
        "SOFTMAX": ((221.53, 0.0),),
    },
    "rv32imac": {
        "ADD": ((33.70, 0.0),),
        "AVERAGE_POOL_2D": ((6.02, 29.4),),
        "CONV_2D": ((6.28, 24.3),),
        "DEPTHWISE_CONV_2D": ((5.18, 40.5),),
        "FULLY_CONNECTED": ((9.85, 54.6),),
        "SOFTMAX": ((144.96, 145.0),),
    },
}
_OTHER = "ADD"  # stands for operators that were not measured


@dataclass(frozen=True)
class Estimate:
    """About what an inference costs."""

    instructions: int
    cycles: int | None  # None where no estimate of cycles is known for the core
    seconds: float | None  # at the board's clock, from flash that does not wait


def work(layer: Layer) -> tuple[int, int]:
    """What a layer's cost grows with: its multiply-accumulates, or where it has none the bytes of
    the largest of its tensors; and the bytes of its output."""
    size = np.dtype(layer.dtype).itemsize
    out = prod(layer.output) * size
    return layer.macs or max([out, *(prod(shape) * size for shape in layer.inputs)]), out


def estimate(layers: Sequence[Layer], board: Board) -> Estimate | None:
    """The sum over the layers of a graph as it is packed; None for a core that was not measured."""
    table = COSTS.get(board.core)
    if table is None:
        return None
    sums = np.zeros(2)
    for layer in layers:
        factors = np.array(table.get(layer.op, table[_OTHER]), float)
        sums[: len(factors)] += factors @ np.array(work(layer), float)
    cycles = round(sums[1]) or None
    return Estimate(round(sums[0]), cycles, cycles / board.core_hz if cycles else None)
