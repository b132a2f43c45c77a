# SPDX-License-Identifier: Apache-2.0
"""Broadcasting over six dimensions: what the struct ei_broadcast of csrc says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgeinfer.native import DTYPES
from edgeinfer.ops.base import Site

DIMS = 6
Dim = tuple[int, tuple[bool, ...]]  # size, and whether each input has it


def walk(site: Site, positions: tuple[int, ...], shapes: tuple[tuple[int, ...], ...] = ()) -> Any:
    """Fields of ei_broadcast: the output's dimensions, and the strides of up to three inputs.

    `shapes` stand for the inputs' own, if given. Neighbouring dimensions that all inputs walk
    alike are merged. Raises UnsupportedError if more than six remain."""
    out = site.output.shape
    inputs = shapes or tuple(site.input(p).shape for p in positions)
    merged = merged_dims(out, inputs)
    if len(merged) > DIMS:
        raise site.unsupported(f"broadcasting {inputs}")
    merged = [(1, (True,) * len(inputs))] * (DIMS - len(merged)) + merged
    strides = [strides_of(merged, i) for i in range(len(inputs))]
    strides += [[0] * DIMS for _ in range(3 - len(inputs))]
    return {"dims": [size for size, _ in merged], "stride": strides}


def merged_dims(
    out: tuple[int, ...], inputs: Sequence[tuple[int, ...]], apart: int = -1
) -> list[Dim]:
    """The dimensions of a broadcast, neighbours merged that all inputs walk alike; none of size 1.

    The dimension `apart` of the output is not merged with those before it."""
    padded = [(1,) * (len(out) - len(s)) + s for s in inputs]
    merged: list[Dim] = []
    for d, size in enumerate(out):
        if size == 1:
            continue
        has = tuple(s[d] != 1 for s in padded)
        if merged and merged[-1][1] == has and d != apart:
            merged[-1] = (merged[-1][0] * size, has)
        else:
            merged.append((size, has))
    return merged


def strides_of(dims: Sequence[Dim], position: int) -> list[int]:
    """Elements of an input from one to the next along each dimension, 0 where it repeats."""
    strides, step = [0] * len(dims), 1
    for d in range(len(dims) - 1, -1, -1):
        size, has = dims[d]
        if has[position] and size > 1:
            strides[d] = step
            step *= size
    return strides


def dtype_code(site: Site, position: int | None = None) -> int:
    """The enum ei_dtype of an input, or of the output. Raises UnsupportedError if it has none."""
    tensor = site.output if position is None else site.input(position)
    if str(tensor.dtype) not in DTYPES:
        raise site.unsupported(f"type {tensor.dtype} (tensor '{tensor.name}')")
    return DTYPES.index(str(tensor.dtype))
