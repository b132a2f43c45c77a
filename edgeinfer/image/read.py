# SPDX-License-Identifier: Apache-2.0
"""Image → what it says of itself."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgeinfer import native
from edgeinfer.boards.board import LAYOUTS
from edgeinfer.errors import ImageError
from edgeinfer.image.layout import (
    BAND,
    FIELDS,
    FORMS,
    IDENTIFIER,
    IO,
    SHORT,
    STEP,
    Image,
    Io,
    Step,
    sealed,
)
from edgeinfer.native import DTYPES


def read_image(image: bytes) -> Image:
    """What an image says of itself. Raises ImageError if it is not one.

    For images of our own making; untrusted bytes are the business of ei_verify."""
    try:
        if image[4:8] != IDENTIFIER or zlib.crc32(image[:-4]) != struct.unpack("<I", image[-4:])[0]:
            raise ImageError("This is not an edgeinfer image.", "Make it again from the .tflite.")
        text = [bytes(s).decode("utf-8", "replace") for s in _strings(image, "layers")]
        return Image(
            name=bytes(vector(image, "name", 1)).decode("utf-8", "replace"),
            arena_bytes=_scalar(image, "arena_bytes"),
            inputs=_ios(image, "inputs"),
            outputs=_ios(image, "outputs"),
            steps=tuple(_steps(image)),
            layers=tuple(text),
            crc=struct.unpack("<I", image[-4:])[0],
            selftest_crc=_scalar(image, "selftest_crc"),
            layout=LAYOUTS[_scalar(image, "target")],
            reset_steps=_scalar(image, "reset_steps"),
            state_bytes=_scalar(image, "state_bytes"),
            fast_bytes=_scalar(image, "fast_bytes"),
            forms=frozenset(form for form in FORMS if vector(image, form, 1)),
        )
    except (struct.error, IndexError) as error:
        raise ImageError(
            f"This image is damaged ({error}).", "Make it again from the .tflite."
        ) from error


def with_selftest(image: bytes, crc: int) -> bytes:
    """The image with the expected CRC-32 of its self-test's outputs."""
    changed = bytearray(image[:-4])
    struct.pack_into("<I", changed, field_at(image, "selftest_crc"), crc)
    return sealed(bytes(changed))


def _steps(image: bytes) -> Iterator[Step]:
    """The steps in the order in which they are run."""
    names = native.kernel_names()
    fields = STEP.iter_unpack(vector(image, "steps", STEP.size))
    steps = [Step(names[s[0]], s[1], s[7], s[8]) for s in fields]
    short = SHORT.iter_unpack(vector(image, "short_steps", SHORT.size))
    steps += [Step(names[s[0]], s[1], 0, s[7]) for s in short]
    bands = list(BAND.iter_unpack(vector(image, "bands", BAND.size)))
    yield from (replace(steps[like], y0=y0, y1=y0 + n) for like, y0, n, *_ in bands)
    yield from [] if bands else steps


def field_at(image: bytes | bytearray, field: str) -> int:
    """Position of a field of the root table, 0 when absent."""
    table = struct.unpack_from("<I", image, 0)[0]
    vtable = table - struct.unpack_from("<i", image, table)[0]
    entry = 4 + 2 * FIELDS.index(field)
    if entry >= struct.unpack_from("<H", image, vtable)[0]:
        return 0
    relative = struct.unpack_from("<H", image, vtable + entry)[0]
    return int(table + relative) if relative else 0


def _scalar(image: bytes, field: str) -> int:
    at = field_at(image, field)
    return int(struct.unpack_from("<I", image, at)[0]) if at else 0


def vector(image: bytes | bytearray, field: str, size: int) -> memoryview:
    """The bytes of a vector of items of `size` bytes in the root table; empty if it is absent.

    Raises struct.error for a damaged image."""
    at = field_at(image, field)
    if not at:
        return memoryview(b"")
    at += struct.unpack_from("<I", image, at)[0]
    count = struct.unpack_from("<I", image, at)[0]
    return memoryview(image)[at + 4 : at + 4 + count * size]


def _strings(image: bytes, field: str) -> list[memoryview]:
    at = field_at(image, field)
    if not at:
        return []
    at += struct.unpack_from("<I", image, at)[0]
    found = []
    for i in range(struct.unpack_from("<I", image, at)[0]):
        entry = at + 4 + 4 * i
        start = entry + struct.unpack_from("<I", image, entry)[0]
        length = struct.unpack_from("<I", image, start)[0]
        found.append(memoryview(image)[start + 4 : start + 4 + length])
    return found


def _ios(image: bytes, field: str) -> tuple[Io, ...]:
    found = []
    for values in IO.iter_unpack(vector(image, field, IO.size)):
        offset, size, scale, zero_point, dtype, rank, _, *dims = values
        io = Io(offset, size, np.dtype(DTYPES[dtype]), tuple(dims[:rank]), scale, zero_point)
        assert math.prod(io.dims) * io.dtype.itemsize == io.bytes
        found.append(io)
    return tuple(found)
