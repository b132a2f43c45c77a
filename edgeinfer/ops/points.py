# SPDX-License-Identifier: Apache-2.0
"""Functions of int16 as 513 points with straight lines between: the kernel `lut_16`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, round_away


def points(
    function: Callable[[Array], Array],
    low: float | np.float32,
    high: float | np.float32,
    scale: float | np.float32,
    dtype: type = float,
) -> Array:
    """A function over [low, high] times `scale`, for int16 indices: int16 [513].

    As LUTPopulate for int16 (kernels/internal/common.h): points are moved by half the error in
    the middle between them. `dtype` is that of its arithmetic."""
    given: Array = np.array([low, high, scale], dtype)
    first, last, factor = given
    step = (last - first) / dtype(512)

    def at(x: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(np.asarray(function(x), dtype) * factor)

    x = first + np.arange(512).astype(dtype) * step
    ahead = first + np.arange(1, 513).astype(dtype) * step
    value, middle = round_away(at(x)), round_away(at(x + step / dtype(2)))
    between = round_away((at(ahead) + value) / dtype(2))
    moved = value - round_away((between - middle) / dtype(2))
    table = np.append(moved, round_away(at(last)))
    return np.asarray(np.clip(table, -32768, 32767), np.int16)


def looked_up(table: Array, x: Ints) -> Ints:
    """LUTLookup: linear between the points."""
    x = np.clip(x, -32768, 32767)
    at, y = 256 + (x >> 7), table.astype(np.int64)
    return np.asarray(y[at] + (((y[at + 1] - y[at]) * (x & 0x7F) + 64) >> 7))
