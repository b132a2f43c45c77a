# SPDX-License-Identifier: Apache-2.0
"""Broadcasting over six dimensions: what the struct ei_broadcast of csrc says."""

from __future__ import annotations

from typing import Any

from edgeinfer.native import DTYPES
from edgeinfer.ops.base import Site

DIMS = 6


def walk(site: Site, positions: tuple[int, ...], shapes: tuple[tuple[int, ...], ...] = ()) -> Any:
    """Fields of ei_broadcast: the output's dimensions, and the strides of up to three inputs.

    `shapes` stand for the inputs' own, if given. Neighbouring dimensions that all inputs walk
    alike are merged. Raises UnsupportedError if more than six remain."""
    out = site.output.shape
    inputs = shapes or tuple(site.input(p).shape for p in positions)
    padded = [(1,) * (len(out) - len(s)) + s for s in inputs]
    merged: list[tuple[int, tuple[bool, ...]]] = []  # size, whether each input has it
    for d, size in enumerate(out):
        if size == 1:
            continue
        has = tuple(s[d] != 1 for s in padded)
        if merged and merged[-1][1] == has:
            merged[-1] = (merged[-1][0] * size, has)
        else:
            merged.append((size, has))
    if len(merged) > DIMS:
        raise site.unsupported(f"broadcasting {inputs}")
    merged = [(1, (True,) * len(inputs))] * (DIMS - len(merged)) + merged
    strides = [[0] * DIMS for _ in range(3)]
    for i in range(len(inputs)):
        step = 1
        for d in range(DIMS - 1, -1, -1):
            size, has = merged[d]
            if has[i] and size > 1:
                strides[i][d] = step
                step *= size
    return {"dims": [size for size, _ in merged], "stride": strides}


def dtype_code(site: Site, position: int | None = None) -> int:
    """The enum ei_dtype of an input, or of the output. Raises UnsupportedError if it has none."""
    tensor = site.output if position is None else site.input(position)
    if str(tensor.dtype) not in DTYPES:
        raise site.unsupported(f"type {tensor.dtype} (tensor '{tensor.name}')")
    return DTYPES.index(str(tensor.dtype))
