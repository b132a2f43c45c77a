# SPDX-License-Identifier: Apache-2.0
"""What UNIDIRECTIONAL_SEQUENCE_LSTM of int16 has of its own; only TFLite Micro runs it.

The reference is LstmStep (micro/kernels/lstm_eval.h): gates as those of int8, functions from a
table as LOGISTIC and TANH of int16, and products that are requantized as those of MUL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.numerics.fixed_point import Ints, multiplier, requantize
from edgeinfer.ops.curve import interpolated

Q15 = 2.0**-15
GATE = (3, 0)  # multiplier and shift for `interpolated` of a gate in Q3.12


def clip16(x: Ints) -> Ints:
    """Saturated to int16."""
    return np.clip(x, -32768, 32767)


def after_gates(
    gates: Sequence[Ints], cell: Ints, power: int, clip: int, hidden_scale: float
) -> tuple[Ints, Ints]:
    """The new h and cell from the gates i, f, g, o before their functions; the cell's scale is
    2**power."""
    i, f, g, o = (interpolated(x, *GATE, k == 2).astype(np.int64) for k, x in enumerate(gates))
    kept, made, shown = _products(power, hidden_scale)
    cell = clip16(clip16(requantize(f * cell, *kept)) + clip16(requantize(i * g, *made)))
    cell = np.clip(cell, -clip, clip) if clip else cell
    left = _tanh_shift(power)
    scaled = cell << left if left > 0 else cell >> -left
    tanh = interpolated(scaled, *GATE, True).astype(np.int64)
    return clip16(requantize(tanh * o, *shown)), cell


def params(power: int, hidden_scale: float) -> dict[str, Any]:
    """The parameters of the kernel that are not those of int8 too."""
    products = _products(power, hidden_scale)
    return {
        "product_mult": [m for m, _ in products],
        "product_shift": [s for _, s in products],
        "tanh_shift": _tanh_shift(power),
    }


def _products(power: int, hidden_scale: float) -> list[tuple[int, int]]:
    """Multipliers and shifts of f · cell, i · g and o · tanh(cell)."""
    return [multiplier(s) for s in (Q15, Q15 * Q15 / 2.0**power, Q15 * Q15 / hidden_scale)]


def _tanh_shift(power: int) -> int:
    """Bits to the left that bring the cell to Q3.12."""
    return 15 + power - 3
