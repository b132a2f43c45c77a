# SPDX-License-Identifier: Apache-2.0
"""Range estimators: the values of a tensor, batch by batch → (low, high) around 0.

A new method is one class here and one line in METHODS."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import QuantizeError
from edgeinfer.graph import Array
from edgeinfer.quantize.params import Range


class Estimator(Protocol):
    """Sees all values of one tensor, then names its range."""

    def update(self, values: Array) -> None:
        """Take one batch of float values of any shape, all finite."""

    def range(self) -> Range:
        """(low, high) with low ≤ 0 ≤ high."""


class MinMax:
    """The smallest and the largest value."""

    def __init__(self) -> None:
        self._low = self._high = 0.0

    def update(self, values: Array) -> None:
        self._low = min(self._low, float(values.min(initial=0.0)))
        self._high = max(self._high, float(values.max(initial=0.0)))

    def range(self) -> Range:
        return self._low, self._high


class Percentile:
    """The values that (100 − percentile) % lie beyond, at either end.

    Exact, and equal to numpy.percentile (linear interpolation) of all values at once: since their
    number is known beforehand, only the outermost need be kept."""

    def __init__(self, count: int, percentile: float) -> None:
        """Raises QuantizeError if percentile is not in (50, 100]."""
        if not 50 < percentile <= 100:
            raise QuantizeError(
                f"{percentile} is no percentile for a range.", "Give one above 50, up to 100."
            )
        rank = (count - 1) * (1 - percentile / 100)  # from the end, in values
        self._below, self._part = math.floor(rank), rank - math.floor(rank)
        self._low: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self._high: npt.NDArray[np.float32] = np.zeros(0, np.float32)

    def update(self, values: Array) -> None:
        flat = values.reshape(-1).astype(np.float32, copy=False)
        self._low = self._least(np.concatenate([self._low, self._least(flat)]))
        self._high = -self._least(np.concatenate([-self._high, self._least(-flat)]))

    def range(self) -> Range:
        return min(self._at(self._low), 0.0), max(-self._at(-self._high), 0.0)

    def _least(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        keep = self._below + 2
        return values if values.size <= keep else np.partition(values, keep - 1)[:keep]

    def _at(self, values: npt.NDArray[np.float32]) -> float:
        if not values.size:
            return 0.0
        ordered = np.sort(values).astype(np.float64)
        first, second = (min(self._below + i, ordered.size - 1) for i in (0, 1))
        return float(ordered[first] + (ordered[second] - ordered[first]) * self._part)


# Name → estimator for a tensor, given its number of values over all samples and the percentile.
METHODS: dict[str, Callable[[int, float], Estimator]] = {
    "minmax": lambda count, percentile: MinMax(),
    "percentile": Percentile,
}


def method(name: str) -> Callable[[int, float], Estimator]:
    """A range method by name. Raises QuantizeError naming those that exist."""
    if name not in METHODS:
        raise QuantizeError(f"There is no range method '{name}'.", f"Use {' or '.join(METHODS)}.")
    return METHODS[name]
