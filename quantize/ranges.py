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


class Sampled:
    """An estimator that looks at the values themselves: all of them, or evenly spread ones."""

    def __init__(self, count: int, percentile: float) -> None:
        self._every = -(-count // VALUES)
        self._kept: list[npt.NDArray[np.float32]] = []
        self._ends = MinMax()

    def update(self, values: Array) -> None:
        self._ends.update(values)
        self._kept.append(values.reshape(-1)[:: self._every].astype(np.float32))

    def range(self) -> Range:
        low, high = self._ends.range()
        if not self._kept or high - low <= 0:
            return low, high
        values = np.concatenate(self._kept)
        best = min(PARTS, key=lambda part: self.cost(values, low * part, high * part))
        return low * best, high * best

    def cost(self, values: npt.NDArray[np.float32], low: float, high: float) -> float:
        """How bad this range is for these values."""
        raise NotImplementedError


class SquaredError(Sampled):
    """The part of the observed range with the least mean squared error of rounding and clipping."""

    def cost(self, values: npt.NDArray[np.float32], low: float, high: float) -> float:
        step = (high - low) / 255
        error = np.clip(np.rint(values / step) * step, low, high) - values
        return float((error.astype(np.float64) ** 2).mean())


class Entropy(Sampled):
    """The part of the observed range whose int8 histogram diverges least from the values' own.

    After Migacz, 8-bit inference with TensorRT (2017), with both ends of the range."""

    def cost(self, values: npt.NDArray[np.float32], low: float, high: float) -> float:
        bins = 255 * BINS
        counts, _ = np.histogram(np.clip(values, low, high), bins, (low, high))
        inside, _ = np.histogram(values[(values >= low) & (values <= high)], bins, (low, high))
        groups = inside.reshape(255, BINS)
        used = groups > 0
        level = groups.sum(1, keepdims=True) / np.maximum(used.sum(1, keepdims=True), 1)
        p, q = counts.reshape(-1).astype(np.float64), (used * level).reshape(-1)
        p, q = p / p.sum(), (q + 1e-6) / (q + 1e-6).sum()
        seen = p > 0
        return float((p[seen] * np.log(p[seen] / q[seen])).sum())


VALUES = 1 << 18  # of a tensor that an estimator keeps
PARTS = tuple(float(p) for p in np.linspace(1.0, 0.3, 36))  # of the observed range
BINS = 8  # of a histogram for each int8 value

# Name → estimator for a tensor, given its number of values over all samples and the percentile.
METHODS: dict[str, Callable[[int, float], Estimator]] = {
    "minmax": lambda count, percentile: MinMax(),
    "percentile": Percentile,
    "mse": SquaredError,
    "entropy": Entropy,
}


def method(name: str) -> Callable[[int, float], Estimator]:
    """A range method by name. Raises QuantizeError naming those that exist."""
    if name not in METHODS:
        raise QuantizeError(f"There is no range method '{name}'.", f"Use {' or '.join(METHODS)}.")
    return METHODS[name]
