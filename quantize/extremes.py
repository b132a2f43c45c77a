# SPDX-License-Identifier: Apache-2.0
"""The least and largest value of each channel, for each fold of the samples.

The folds tell how far samples that were not seen go beyond those that were: a range is judged on
one fold after it was taken from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeinfer.graph import Array

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """Per-channel bounds of activations: tensor → [channels], low ≤ 0 ≤ high."""

    low: Mapping[int, Floats]
    high: Mapping[int, Floats]

    def reach(self, tensors: tuple[int, ...]) -> Floats:
        """The largest magnitude in each channel over tensors that share their channels."""
        parts = [np.maximum(self.high[t], -self.low[t]) for t in tensors]
        return np.asarray(np.max(parts, 0))

    def range(self, t: int, factors: Floats | None) -> tuple[float, float]:
        """The whole tensor's bounds when its channels are divided by these."""
        by = 1.0 if factors is None else factors
        return float((self.low[t] / by).min()), float((self.high[t] / by).max())


class Extremes:
    """Collects the bounds of each fold."""

    def __init__(self, folds: int) -> None:
        self.folds = folds
        self._low: dict[int, Floats] = {}
        self._high: dict[int, Floats] = {}

    def update(self, fold: int, t: int, values: Array) -> None:
        """Take values [n, …, channels] of a tensor."""
        rows = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
        if t not in self._low:
            self._low[t] = np.zeros((self.folds, rows.shape[1]))
            self._high[t] = np.zeros((self.folds, rows.shape[1]))
        np.minimum(self._low[t][fold], rows.min(0), out=self._low[t][fold])
        np.maximum(self._high[t][fold], rows.max(0), out=self._high[t][fold])

    def without(self, fold: int) -> Bounds:
        """The bounds of all folds but this (of all, if there is one only)."""
        others = [f for f in range(self.folds) if f != fold] or [fold]
        return self._bounds(others)

    def all(self) -> Bounds:
        """The bounds of all samples."""
        return self._bounds(list(range(self.folds)))

    def _bounds(self, folds: list[int]) -> Bounds:
        return Bounds(
            {t: v[folds].min(0) for t, v in self._low.items()},
            {t: v[folds].max(0) for t, v in self._high.items()},
        )
