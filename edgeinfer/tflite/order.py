# SPDX-License-Identifier: Apache-2.0
"""The order of a node's inputs, where a graph has another one than a file.

A graph has the data first, then weights and bias, for all operators that have weights."""

from __future__ import annotations

# Where a file has each of the graph's inputs.
_IN_FILE = {"TRANSPOSE_CONV": (2, 1, 3, 0)}


def from_file(op: str, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """A file's inputs in the graph's order; -1 for those that it leaves out."""
    places = _IN_FILE.get(op)
    if places is None:
        return inputs
    return (*(inputs[p] if p < len(inputs) else -1 for p in places), *inputs[len(places) :])


def to_file(op: str, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """The graph's inputs in the file's order, without absent ones at the end."""
    places = _IN_FILE.get(op)
    if places is None:
        return inputs
    placed = [-1] * len(places)
    for place, tensor in zip(places, inputs, strict=False):
        placed[place] = tensor
    while placed and placed[-1] == -1:
        placed.pop()
    return (*placed, *inputs[len(places) :])
