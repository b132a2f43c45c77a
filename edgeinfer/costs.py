# SPDX-License-Identifier: Apache-2.0
"""What an inference is likely to cost on a core, before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from edgeinfer.boards.board import Board
from edgeinfer.inspection import Layer

# Core → operator → the two factors of `work`: executed instructions, and cycles (docs/cycles.md)
# where they are known. Measured by `python -m tests.costs`, which says how.
COSTS: dict[str, dict[str, tuple[tuple[float, float], ...]]] = {
    "cortex-m4f": {
        "ADD": ((21.16, 0.0), (14.10, 14.1)),
        "ADD/float32": ((7.13, 7.1), (18.52, 0.0)),
        "ADD/int16": ((18.01, 18.0), (22.51, 22.5)),
        "AVERAGE_POOL_2D": ((6.16, 39.4), (9.18, 58.5)),
        "AVERAGE_POOL_2D/float32": ((3.66, 0.0), (4.46, 0.0)),
        "AVERAGE_POOL_2D/int16": ((7.02, 0.0), (9.38, 0.0)),
        "CONV_2D": ((0.83, 7.5), (1.18, 10.5)),
        "CONV_2D/float32": ((3.87, 16.4), (4.83, 22.1)),
        "CONV_2D/int16": ((5.95, 88.4), (9.11, 122.6)),
        "DEPTHWISE_CONV_2D": ((0.85, 16.6), (1.41, 21.5)),
        "DEPTHWISE_CONV_2D/float32": ((9.45, 0.0), (15.51, 0.0)),
        "DEPTHWISE_CONV_2D/int16": ((0.00, 319.9), (93.32, 0.0)),
        "DEQUANTIZE/float32": ((2.01, 2.0), (6.29, 0.0)),
        "FULLY_CONNECTED": ((1.20, 24.5), (1.60, 31.3)),
        "FULLY_CONNECTED/float32": ((4.08, 12.3), (5.11, 17.0)),
        "FULLY_CONNECTED/int16": ((5.03, 88.4), (8.04, 118.0)),
        "SOFTMAX": ((107.68, 107.7), (137.64, 137.6)),
        "SOFTMAX/float32": ((29.51, 0.0), (41.61, 0.0)),
        "SOFTMAX/int16": ((37.17, 0.0), (48.64, 0.0)),
    },
    "cortex-m0": {
        "ADD": ((92.22, 0.0), (109.34, 0.0)),
        "ADD/float32": ((25.60, 25.6), (43.12, 43.1)),
        "ADD/int16": ((123.62, 0.0), (88.03, 88.0)),
        "AVERAGE_POOL_2D": ((8.37, 118.0), (11.38, 153.2)),
        "AVERAGE_POOL_2D/float32": ((24.78, 129.0), (42.39, 187.2)),
        "AVERAGE_POOL_2D/int16": ((13.29, 44.5), (20.27, 63.1)),
        "CONV_2D": ((3.06, 43.5), (3.88, 63.2)),
        "CONV_2D/float32": ((137.72, 220.2), (199.41, 307.9)),
        "CONV_2D/int16": ((11.11, 165.2), (15.54, 244.3)),
        "DEPTHWISE_CONV_2D": ((4.34, 64.5), (7.24, 82.5)),
        "DEPTHWISE_CONV_2D/float32": ((123.86, 55.0), (0.00, 500.3)),
        "DEPTHWISE_CONV_2D/int16": ((0.00, 504.2), (159.11, 0.0)),
        "DEQUANTIZE/float32": ((44.46, 0.0), (31.09, 31.1)),
        "FULLY_CONNECTED": ((4.06, 103.9), (4.54, 181.8)),
        "FULLY_CONNECTED/float32": ((156.67, 135.7), (224.69, 187.6)),
        "FULLY_CONNECTED/int16": ((10.04, 151.6), (14.06, 224.6)),
        "SOFTMAX": ((481.35, 481.3), (686.96, 687.0)),
        "SOFTMAX/float32": ((354.13, 354.1), (1005.50, 0.0)),
        "SOFTMAX/int16": ((48.85, 48.9), (70.10, 70.1)),
    },
    "cortex-m3": {
        "ADD": ((36.15, 0.0), (52.19, 0.0)),
        "ADD/float32": ((22.55, 22.6), (31.93, 31.9)),
        "ADD/int16": ((19.76, 19.8), (28.26, 28.3)),
        "AVERAGE_POOL_2D": ((6.16, 39.4), (9.18, 58.5)),
        "AVERAGE_POOL_2D/float32": ((21.13, 7.2), (30.84, 0.0)),
        "AVERAGE_POOL_2D/int16": ((7.01, 0.0), (9.50, 0.0)),
        "CONV_2D": ((4.22, 25.6), (6.82, 32.4)),
        "CONV_2D/float32": ((58.62, 132.4), (72.17, 168.1)),
        "CONV_2D/int16": ((5.95, 88.9), (10.11, 130.9)),
        "DEPTHWISE_CONV_2D": ((5.94, 23.3), (8.23, 38.8)),
        "DEPTHWISE_CONV_2D/float32": ((69.92, 0.0), (92.28, 0.0)),
        "DEPTHWISE_CONV_2D/int16": ((71.20, 0.0), (98.01, 0.0)),
        "DEQUANTIZE/float32": ((17.68, 0.0), (11.55, 11.6)),
        "FULLY_CONNECTED": ((7.72, 51.3), (10.77, 89.6)),
        "FULLY_CONNECTED/float32": ((68.06, 90.4), (82.88, 111.7)),
        "FULLY_CONNECTED/int16": ((5.03, 88.9), (9.04, 123.9)),
        "SOFTMAX": ((233.59, 0.0), (174.45, 174.4)),
        "SOFTMAX/float32": ((343.23, 0.0), (211.59, 211.6)),
        "SOFTMAX/int16": ((17.84, 17.8), (49.60, 0.0)),
    },
    "cortex-m7": {
        "ADD": ((21.16, 0.0), (11.08, 11.1)),
        "ADD/float32": ((7.01, 7.0), (15.26, 0.0)),
        "ADD/int16": ((35.51, 0.0), (18.51, 18.5)),
        "AVERAGE_POOL_2D": ((6.16, 39.5), (7.17, 52.4)),
        "AVERAGE_POOL_2D/float32": ((3.40, 0.0), (3.69, 0.0)),
        "AVERAGE_POOL_2D/int16": ((7.02, 0.0), (7.73, 0.3)),
        "CONV_2D": ((0.83, 7.5), (0.84, 8.2)),
        "CONV_2D/float32": ((3.87, 15.8), (4.10, 17.1)),
        "CONV_2D/int16": ((5.96, 87.8), (6.90, 98.9)),
        "DEPTHWISE_CONV_2D": ((0.86, 16.5), (0.89, 17.6)),
        "DEPTHWISE_CONV_2D/float32": ((9.23, 0.0), (0.00, 23.1)),
        "DEPTHWISE_CONV_2D/int16": ((70.97, 0.0), (70.18, 15.6)),
        "DEQUANTIZE/float32": ((4.02, 0.0), (2.39, 2.4)),
        "FULLY_CONNECTED": ((1.20, 24.2), (1.24, 25.8)),
        "FULLY_CONNECTED/float32": ((4.08, 11.8), (4.34, 12.9)),
        "FULLY_CONNECTED/int16": ((5.03, 87.9), (6.03, 95.1)),
        "SOFTMAX": ((107.68, 107.7), (122.39, 122.4)),
        "SOFTMAX/float32": ((29.08, 0.0), (35.16, 0.0)),
        "SOFTMAX/int16": ((17.88, 17.9), (38.68, 0.0)),
    },
    "cortex-m33": {
        "ADD": ((21.15, 0.0),),
        "ADD/float32": ((7.01, 7.0),),
        "ADD/int16": ((18.01, 18.0),),
        "AVERAGE_POOL_2D": ((6.16, 39.4),),
        "AVERAGE_POOL_2D/float32": ((3.41, 0.0),),
        "AVERAGE_POOL_2D/int16": ((7.02, 0.0),),
        "CONV_2D": ((0.83, 7.5),),
        "CONV_2D/float32": ((3.87, 15.9),),
        "CONV_2D/int16": ((5.95, 88.4),),
        "DEPTHWISE_CONV_2D": ((0.86, 16.5),),
        "DEPTHWISE_CONV_2D/float32": ((0.00, 20.7),),
        "DEPTHWISE_CONV_2D/int16": ((0.00, 319.9),),
        "DEQUANTIZE/float32": ((2.01, 2.0),),
        "FULLY_CONNECTED": ((1.20, 24.5),),
        "FULLY_CONNECTED/float32": ((4.08, 11.8),),
        "FULLY_CONNECTED/int16": ((5.03, 88.4),),
        "SOFTMAX": ((107.77, 107.8),),
        "SOFTMAX/float32": ((29.03, 0.0),),
        "SOFTMAX/int16": ((17.79, 17.8),),
    },
    "cortex-m55": {
        "ADD": ((20.15, 0.0),),
        "ADD/float32": ((7.26, 7.3),),
        "ADD/int16": ((35.01, 0.0),),
        "AVERAGE_POOL_2D": ((5.15, 39.4),),
        "AVERAGE_POOL_2D/float32": ((3.16, 0.0),),
        "AVERAGE_POOL_2D/int16": ((6.09, 0.0),),
        "CONV_2D": ((0.17, 5.8),),
        "CONV_2D/float32": ((1.55, 13.2),),
        "CONV_2D/int16": ((5.06, 78.5),),
        "DEPTHWISE_CONV_2D": ((0.59, 7.5),),
        "DEPTHWISE_CONV_2D/float32": ((0.00, 19.0),),
        "DEPTHWISE_CONV_2D/int16": ((70.35, 0.0),),
        "DEQUANTIZE/float32": ((2.01, 2.0),),
        "FULLY_CONNECTED": ((0.14, 34.8),),
        "FULLY_CONNECTED/float32": ((2.82, 0.2),),
        "FULLY_CONNECTED/int16": ((4.03, 83.4),),
        "SOFTMAX": ((221.53, 0.0),),
        "SOFTMAX/float32": ((28.63, 0.0),),
        "SOFTMAX/int16": ((32.49, 0.0),),
    },
    "rv32imac": {
        "ADD": ((33.70, 0.0),),
        "ADD/float32": ((20.69, 20.7),),
        "ADD/int16": ((37.70, 0.0),),
        "AVERAGE_POOL_2D": ((6.02, 29.4),),
        "AVERAGE_POOL_2D/float32": ((21.58, 54.9),),
        "AVERAGE_POOL_2D/int16": ((7.23, 0.0),),
        "CONV_2D": ((6.28, 19.1),),
        "CONV_2D/float32": ((139.08, 183.7),),
        "CONV_2D/int16": ((7.75, 91.4),),
        "DEPTHWISE_CONV_2D": ((6.53, 24.9),),
        "DEPTHWISE_CONV_2D/float32": ((121.10, 53.8),),
        "DEPTHWISE_CONV_2D/int16": ((0.00, 310.1),),
        "DEQUANTIZE/float32": ((21.05, 21.0),),
        "FULLY_CONNECTED": ((9.92, 48.9),),
        "FULLY_CONNECTED/float32": ((156.49, 104.6),),
        "FULLY_CONNECTED/int16": ((7.03, 84.1),),
        "SOFTMAX": ((144.96, 145.0),),
        "SOFTMAX/float32": ((297.55, 297.5),),
        "SOFTMAX/int16": ((40.88, 0.0),),
    },
}
_OTHER = "ADD"  # stands for operators that were not measured
REAL = "float32"


@dataclass(frozen=True)
class Estimate:
    """About what an inference costs."""

    instructions: int
    cycles: int | None  # None where no estimate of cycles is known for the core
    seconds: float | None  # at the board's clock, from flash that does not wait


def kind(layer: Layer) -> str:
    """The operator as COSTS names it: with the type where that is int16 or float32."""
    return f"{layer.op}/{layer.dtype}" if layer.dtype in ("int16", REAL) else layer.op


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
        known = table.get(kind(layer))
        if known is None and layer.dtype == REAL:
            known = table[f"{_OTHER}/{REAL}"]
        known = known or table.get(layer.op) or table[_OTHER]
        factors = np.array(known, float)
        sums[: len(factors)] += factors @ np.array(work(layer), float)
    cycles = round(sums[1]) or None
    return Estimate(round(sums[0]), cycles, cycles / board.core_hz if cycles else None)
