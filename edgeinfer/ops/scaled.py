# SPDX-License-Identifier: Apache-2.0
"""Rectified filters whose outputs one shift serves: numbers for `ei_scaled_value` of
csrc/fixed_point.h, proven here for every sum that a filter can have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgeinfer.numerics.fixed_point import Ints, requantize

SHIFT = 12  # EI_SCALED_SHIFT
LEAST_RIGHT = SHIFT - 7  # of a filter's shift: then 31 bits hold its multiplier
MAX_RIGHT_SHIFT = 22  # EI_MAX_RIGHT_SHIFT
MOST_MORE = 255  # of Scaled.more, a byte
_NEAR = sorted(range(-16, 17), key=abs)  # beside the nearest multiplier, which are tried


@dataclass(frozen=True)
class Scaled:
    """256 times the biases, with a fraction, and multipliers, each [o]; `more` is what all filters
    add to the half that rounds."""

    bias: Ints
    mult: Ints
    more: int


def scaled(bias: Ints, reach: Ints, mult: Ints, shift: Ints, zero: int) -> Scaled | None:
    """The numbers of filters [o] whose sums, without their bias, are at most `reach` in magnitude
    and whose outputs an activation clamps to the zero point. None where no numbers give all bytes.

    A filter's share of `more` is found by trying; one that fails is tried first the next time."""
    right = -np.asarray(shift, np.int64)
    filters = [
        _Filter(int(b), int(most), int(m), int(r), zero)
        for b, most, m, r in zip(bias, reach, mult, right, strict=True)
    ]
    if not all(f.is_dead or LEAST_RIGHT <= f.right <= MAX_RIGHT_SHIFT for f in filters):
        return None
    order = list(range(len(filters)))
    for more in range(MOST_MORE + 1):
        found: dict[int, tuple[int, int]] = {}
        for o in order:
            numbers = filters[o].numbers(more)
            if numbers is None:
                order.remove(o)
                order.insert(0, o)
                break
            found[o] = numbers
        else:
            pairs = np.array([found[o] for o in sorted(found)], np.int64)
            return Scaled(pairs[:, 0], pairs[:, 1], more)
    return None


class _Filter:
    """One filter: the least of its sums at which the output is 1, 2, … above the zero point."""

    def __init__(self, bias: int, reach: int, mult: int, right: int, zero: int) -> None:
        self.reach, self.mult, self.right = reach, mult, right
        self.is_dead = reach == 0
        if self.is_dead:
            one = np.array([bias], np.int32)
            self.output = int(requantize(one, np.array([mult]), np.array([-right]))[0])
            return
        steps = np.arange(1, 128 - zero, dtype=np.int64)
        # Twice rounded, in 2^-31: (2 k - 1) 2^(right - 1) steps of the first rounding, less a half.
        ends = (2 * steps - 1 << right + 30) - (1 << 30)
        least = -(-ends // mult) - bias
        self.above, self.below = least <= reach, least > -reach  # whether there are such sums
        self.least = np.clip(least, -reach, reach + 1)
        self.ends = (steps << SHIFT) - (1 << SHIFT - 1)

    def numbers(self, more: int) -> tuple[int, int] | None:
        """256 times the bias, and the multiplier."""
        if self.is_dead:
            return min(max(self.output, 0), 255) << SHIFT + 2, 1 << 30
        nearest = self.mult >> self.right - LEAST_RIGHT
        for mult in (nearest + d for d in _NEAR):
            bias = self._bias(mult, more) if 0 < mult < 1 << 31 else None
            if bias is not None:
                return bias, mult
        return None

    def _bias(self, mult: int, more: int) -> int | None:
        """What brings 256 times each sum to the right side of each end."""
        low = -((more - self.ends << 32) // mult) - 256 * self.least
        first = int(low[self.above].max()) if self.above.any() else None
        last = int(low[self.below].min()) + 255 if self.below.any() else None
        if first is None or last is None:
            first = last = first or last or 0
        middle = (first + last) // 2
        fits = abs(middle) + 256 * self.reach < 1 << 31
        return middle if first <= last and fits else None
