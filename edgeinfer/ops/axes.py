# SPDX-License-Identifier: Apache-2.0
"""Dimensions that a model names by number, negative ones from the end."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.ops.base import Site


def axis_of(site: Site, axis: int, rank: int) -> int:
    """The dimension as 0..rank−1. Raises ModelError if there is none."""
    if not -rank <= axis < rank:
        raise ModelError(
            f"{site.where}: axis {axis} of {rank} dimensions.", "Convert the model again."
        )
    return axis % rank


def axis_at(site: Site, position: int, rank: int) -> int:
    """The dimension that a constant input names. Raises as `axis_of`, or if it is empty."""
    numbers = np.asarray(site.const(position)).reshape(-1)
    if not numbers.size:
        raise ModelError(
            f"{site.where}: input {position} names no axis.", "Convert the model again."
        )
    return axis_of(site, int(numbers[0]), rank)


def axes_of(site: Site, position: int, rank: int) -> tuple[int, ...]:
    """The dimensions that a constant input lists, sorted, each once. Raises as `axis_of`."""
    numbers = np.asarray(site.const(position)).reshape(-1)
    return tuple(sorted({axis_of(site, int(a), rank) for a in numbers}))
