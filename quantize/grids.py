# SPDX-License-Identifier: Apache-2.0
"""Samples that were whole numbers before they were scaled, such as images of 8 bits: their values
lie on a grid, which tells by how much an amplified sample was amplified, and so what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgeinfer.graph import Array

LEAST = 10  # different values of a sample: with fewer, all may share a factor that is none
MOST = 1 << 16  # steps: beyond 16 bits, float32 cannot tell a grid from real numbers
DIVISORS = range(1, 9)  # of the smallest distance between values, to try as the step
OFF = 0.05  # of a step: how far from the grid a value may lie, which float32 rounds
FAR = 10  # percent of the samples, at either end, that may be amplified
SEEN = 256  # samples that tell which values there are
AMPLIFIED = 1.5  # times; what is closer to 1 is no mistake worth undoing


def of_8_bits(x: Array) -> bool:
    """Whether samples hold so few different values that they have been numbers of 8 bits, but for a
    few: outliers are scaled."""
    count = np.unique(x, return_counts=True)[1]
    return bool(np.sort(count)[-256:].sum() >= 0.9 * x.size)


@dataclass(frozen=True)
class Grid:
    """Values origin + k · step, k being whole numbers."""

    origin: float
    step: float

    @staticmethod
    def of(values: Array) -> Grid | None:
        """The grid that sorted, different values lie on, or None if that is not sure."""
        if not LEAST <= len(values) <= MOST:
            return None
        distances = np.diff(values.astype(np.float64))
        for divisor in DIVISORS:
            steps = float(np.round(distances * divisor / distances.min()).sum())
            if steps >= MOST:
                return None
            grid = Grid(float(values[0]), float(distances.sum()) / steps)
            if grid.holds(values):
                return grid
        return None

    def holds(self, values: Array) -> bool:
        """Whether all values lie on the grid, but for the rounding of float32."""
        places = (values.astype(np.float64) - self.origin) / self.step
        return bool((np.abs(places - np.round(places)) < OFF).all())

    def nearest(self, values: Array) -> Array:
        """The grid's values next to these, float32."""
        places = np.round((values.astype(np.float64) - self.origin) / self.step)
        return np.asarray(self.origin + places * self.step, np.float32)


def restored(x: Array, rows: Sequence[int]) -> tuple[Array, dict[int, float]]:
    """Samples [n, …], those whose values tell by how much they were amplified as they were before,
    and these factors by row: of `rows`, and of the few that reach furthest, where they leave the
    others' range.

    Whole numbers from 0 on that do not lie on the others' grid, such as an image in 0..255 among
    others in −1..1, were never scaled: their 0 is the least that the others have. A value that
    other samples have, too, becomes that very float32, so that nothing is left of the mistake."""
    low, high = (f(x.reshape(len(x), -1), axis=1) for f in (np.min, np.max))
    few = (low < np.percentile(low, FAR)) | (high > np.percentile(high, 100 - FAR))
    few[list(rows)] = True
    grid = Grid.of(_values(x, ~few))
    if grid is None:
        return x, {}
    least = float(low[~few].min())
    few &= (low < least) | (high > high[~few].max())
    few[list(rows)] = True
    undone = {int(row): _undone(x[row], grid, least) for row in np.flatnonzero(few)}
    found = {row: how for row, how in undone.items() if how is not None}
    if found:
        usual, x = _values(x, ~np.isin(np.arange(len(x)), list(found))), x.copy()
    for row, (_, values) in found.items():
        at = np.searchsorted(usual, values - OFF * grid.step).clip(max=len(usual) - 1)
        same = np.abs(usual[at] - values) < OFF * grid.step
        x[row] = np.where(same, usual[at], grid.nearest(values))
    return x, {row: times for row, (times, _) in found.items()}


def _undone(sample: Array, grid: Grid, least: float) -> tuple[float, Array] | None:
    """By how much a sample was amplified and its values without that, float64, or None if they do
    not tell; the others lie on `grid`, from `least` on."""
    own = Grid.of(np.unique(sample))
    if own is None or own.step < AMPLIFIED * grid.step:
        return None
    times = own.step / grid.step
    values = sample / np.float64(times)
    if grid.holds(values):
        return times, values
    if sample.min() >= 0 and grid.holds(values + least):
        return times, values + least
    return None


def _values(x: Array, kept: Array) -> Array:
    """The different values of those samples [n, …] that are `kept` [n], or of some of them."""
    rows = np.flatnonzero(kept)
    return np.asarray(np.unique(x[rows[:: max(-(-len(rows) // SEEN), 1)]]))
