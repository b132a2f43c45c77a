# SPDX-License-Identifier: Apache-2.0
"""Steps that differ in little but their rows, in fewer bytes."""

from __future__ import annotations

from collections.abc import Sequence

from edgeinfer.image.layout import BAND, STEP

Fields = tuple[int, ...]  # of ei_step: kernel, layer, params, in0, in1, out, scratch, rows, flags
_MOST = 256  # steps that bands can be like
_LENGTH = 4  # bytes of a vector's length


def in_bands(steps: Sequence[Fields]) -> tuple[list[Fields], list[Fields]]:
    """The different steps, and what is run as fields of ei_band; all steps and nothing where bands
    would take as many bytes, or their fields are too short."""
    kinds: dict[Fields, int] = {}
    first: list[Fields] = []
    bands: list[Fields] = []
    for step in steps:
        kernel, layer, params, in0, in1, out, scratch, y0, y1, in_y0, flags = step
        like = kinds.setdefault((kernel, layer, params, in1, scratch, flags), len(kinds))
        if like == len(first):
            first.append(step)
        bands.append((like, y0, y1 - y0, in_y0, in0, out))
    shorter = len(first) * STEP.size + len(bands) * BAND.size + _LENGTH < len(steps) * STEP.size
    if not shorter or len(first) > _MOST or not all(map(_fits, bands)):
        return list(steps), []
    return first, bands


def _fits(band: Fields) -> bool:
    _, y0, rows, in_y0, in0, out = band
    return max(y0, rows, in_y0) <= 0xFF and max(in0, out) <= 0xFFFF
