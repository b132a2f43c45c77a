# SPDX-License-Identifier: Apache-2.0
"""Steps in the fewest bytes: short ones, and bands where they differ in little but their rows."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from edgeinfer.image.layout import BAND, SHORT, STEP

Fields = tuple[int, ...]  # of ei_step: kernel, layer, params, in0, in1, out, scratch, rows, flags
_LENGTH = 4  # bytes of a vector's length


def step_vectors(steps: Sequence[Fields]) -> dict[str, list[bytes]]:
    """The items of the image's vectors `steps`, or `short_steps` and `bands`: of the forms that
    hold all values, the one of the fewest bytes."""
    forms = [{"steps": [STEP.pack(*step) for step in steps]}]
    for form in (_short, _in_bands):
        try:
            forms.append(form(steps))
        except struct.error:  # a value that does not fit its field
            continue
    return min(forms, key=lambda form: sum(_LENGTH + len(b"".join(v)) for v in form.values()))


def _short(steps: Sequence[Fields]) -> dict[str, list[bytes]]:
    """Short steps: each of an operator's output rows from the first on."""
    return {"short_steps": [_pack_short(step) for step in steps]}


def _in_bands(steps: Sequence[Fields]) -> dict[str, list[bytes]]:
    """Bands, and the different short steps that they are like."""
    kinds: dict[Fields, int] = {}
    short: list[bytes] = []
    bands: list[bytes] = []
    for step in steps:
        kernel, layer, params, in0, in1, out, scratch, y0, y1, in_y0, flags = step
        like = kinds.setdefault((kernel, layer, params, in1, scratch, flags), len(kinds))
        if like == len(short):
            short.append(_pack_short((*step[:7], 0, 0, 0, flags)))
        bands.append(BAND.pack(like, y0, y1 - y0, in_y0, in0, out))
    return {"short_steps": short, "bands": bands}


def _pack_short(step: Fields) -> bytes:
    kernel, layer, params, *places, y0, y1, in_y0, flags = step
    if y0 or in_y0:
        raise struct.error("short steps begin at row 0")
    return SHORT.pack(kernel, layer, params // 4, *places, y1, flags)
