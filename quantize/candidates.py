# SPDX-License-Identifier: Apache-2.0
"""Candidates of channel factors and of ranges, between which the search chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite

import numpy as np

from edgeinfer.graph import Graph
from edgeinfer.quantize.channels import DEPTHWISE, Group
from edgeinfer.quantize.extremes import Floats

# Parts of the observed range that a tensor's range may become: below 1 clips, above 1 leaves room.
WIDTHS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.35, 1.6, 2.0)
CLIPPED_WIDTHS = (0.8, 0.9, 1.0)  # after RELU6, where nothing lies beyond
# The same for either end of logits: those far below the largest matter little.
ENDS = (0.65, 0.8, 0.9, 1.0, 1.15)
# And of samples of 8 bits. Scaled to −1..1, these lie half a step beside each whole number if the
# range is theirs, the worst place for all; with a little more room few lie there.
ROOM = (1.0, 1.01, 1.15)
# No channel is amplified more than one of this part of the largest one's reach, or of the median's:
# one that is quieter still may only have been so in the samples, and few rarely show all that a
# network knows.
LEAST = 0.03
LEAST_USUAL = (0.1, 0.5)  # with MANY samples, and with few
MANY = 100
Width = tuple[float, float]  # parts of a range's lower and of its upper end


@dataclass(frozen=True)
class Shape:
    """One way to balance a group: factor = reach ** a · (weights that read it) ** b."""

    a: float = 0.0
    b: float = 0.0
    room: float = 1.0  # RELU6 only: how far below the clip an amplified channel has to stay


_PLAIN = tuple(
    Shape(a, b) for a, b in ((0, 0), (0.5, 0), (0.75, 0), (1, 0), (0, -0.5), (0.5, -0.5))
)
_CLIPPED = (
    Shape(),
    *(Shape(a, b, r) for a, b in ((0.5, 0), (1, 0), (0, -0.5), (0.5, -0.5)) for r in (0.5, 1, 1.5)),
)


def shapes(group: Group | None) -> tuple[Shape, ...]:
    """The candidates for a group; only to leave it alone, where there is none."""
    if group is None:
        return (Shape(),)
    return _CLIPPED if isfinite(group.clip) else _PLAIN


def widths(group: Group | None, ends: Sequence[float] = ()) -> tuple[Width, ...]:
    """The candidates for the range of a group's tensor; each of its ends may also become one of the
    parts `ends` for itself."""
    clipped = group is not None and isfinite(group.clip)
    pairs = [(part, part) for part in (CLIPPED_WIDTHS if clipped else WIDTHS)]
    return tuple(dict.fromkeys([*pairs, *product(ends, ends)]))


def factors(group: Group, shape: Shape, reach: Floats, read: Floats, count: int) -> Floats:
    """The factors [channels] that channels are divided by; the largest is 1.

    `reach` is each channel's largest magnitude in `count` samples, `read` the weight of its readers
    (`reading`). A channel that reaches the clip of RELU6 keeps its scale, so that the clip stays
    right; one that stays below is amplified at most until it reaches it."""
    top = float(reach.max(initial=0.0))
    if top == 0 or (shape.a, shape.b) == (0, 0):
        return np.ones_like(reach)
    if isfinite(group.clip):
        part = np.clip(reach * shape.room / group.clip, LEAST, 1.0)
        s = part**shape.a * read**shape.b
        s = np.clip(s / s.max(), part, 1.0)
        s[reach >= group.clip * 0.999] = 1.0
        return np.asarray(s)
    usual = float(np.clip(LEAST_USUAL[0] * (MANY / count) ** 2, *LEAST_USUAL))
    part = np.maximum(reach / top, max(LEAST, usual * float(np.median(reach)) / top))
    s = part**shape.a * read**shape.b
    return np.asarray(s / s.max())


def reading(graph: Graph, group: Group) -> Floats:
    """How much each channel weighs in the layers that read it, 1 for the most: [channels].

    Depthwise layers do not count: each of their channels has a scale of its own."""
    weight = np.zeros(group.channels)
    for index in group.readers:
        node = graph.nodes[index]
        data = graph.tensors[node.inputs[1]].data
        if node.op != DEPTHWISE and data is not None:
            rows = np.abs(data.astype(np.float64)).reshape(len(data), -1, group.channels)
            largest = np.maximum(rows.max((1, 2), keepdims=True), 1e-30)
            weight = np.maximum(weight, (rows / largest).max((0, 1)))
    top = weight.max(initial=0.0)
    return np.maximum(weight / top, 0.01) if top else np.ones(group.channels)
