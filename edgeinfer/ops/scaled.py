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
_NEAR = (
    16  # multipliers on either side of the nearest one, which are tried; more if bits are shared
)


@dataclass(frozen=True)
class Scaled:
    """256 times the biases, with a fraction, and multipliers, each [o]; `more` is what all filters
    add to the half that rounds."""

    bias: Ints
    mult: Ints
    more: int


def scaled(
    bias: Ints,
    reach: Ints,
    mult: Ints,
    shift: Ints,
    zero: int,
    shared: int = 0,
    bits: int = 32,
    most_more: int = MOST_MORE,
) -> Scaled | None:
    """The numbers of filters [o] whose sums, without their bias, are at most `reach` in magnitude
    and whose outputs an activation clamps to the zero point. None where no numbers give all bytes.

    Biases have so many bits, of which the last `shared` are the multiplier's, too, for records that
    keep those once. A filter's share of `more`, at most `most_more`, is found by trying; one that
    fails is tried first the next time."""
    right = -np.asarray(shift, np.int64)
    filters = [
        _Filter(int(b), int(most), int(m), int(r), zero)
        for b, most, m, r in zip(bias, reach, mult, right, strict=True)
    ]
    most = 1 << bits - 1
    if not all(f.may_be_scaled(most) for f in filters):
        return None
    order = list(range(len(filters)))
    for more in range(most_more + 1):
        found: dict[int, tuple[int, int]] = {}
        for o in order:
            numbers = filters[o].numbers(more, shared, most)
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
        self.bias, self.reach, self.mult, self.right = bias, reach, mult, right
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

    def may_be_scaled(self, most: int) -> bool:
        """Whether the shift fits, and the bias, unless all outputs are the same."""
        if self.is_dead:
            return True
        fits = 256 * abs(self.bias) < most or not (self.above & self.below).any()
        return fits and LEAST_RIGHT <= self.right <= MAX_RIGHT_SHIFT

    def numbers(self, more: int, shared: int, most: int) -> tuple[int, int] | None:
        """256 times the bias, below `most`, and the multiplier."""
        if self.is_dead:
            return min(max(self.output, 0), 255) << SHIFT + 2, 1 << 30
        nearest, unit = self.mult >> self.right - LEAST_RIGHT, 1 << shared
        for step in range(2 * max(_NEAR, 3 * unit) + 1):
            mult = nearest + (step + 1) // 2 * (1 if step % 2 else -1)
            range_ = self._biases(mult, more) if 0 < mult < 1 << 31 else None
            if range_ is None:
                continue
            first, last = range_
            middle = (first + last) // 2
            bias = middle + (mult - middle + unit // 2) % unit - unit // 2
            fits = abs(bias) < most and abs(bias) + 256 * self.reach < 1 << 31
            if first <= bias <= last and fits:
                return bias, mult
        return None

    def _biases(self, mult: int, more: int) -> tuple[int, int] | None:
        """The least and the greatest that bring 256 times each sum to the right side of each end.
        Where all sums are on one side, any beyond one of them does."""
        low = -((more - self.ends << 32) // mult) - 256 * self.least
        first = int(low[self.above].max()) if self.above.any() else None
        last = int(low[self.below].min()) + 255 if self.below.any() else None
        if first is None:
            first = last - 255 if last is not None else 0
        if last is None:
            last = first + 255
        return (first, last) if first <= last else None
