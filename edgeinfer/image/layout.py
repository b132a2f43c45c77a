# SPDX-License-Identifier: Apache-2.0
"""The image's format, as csrc/image.fbs describes it, and what an image says of itself."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgeinfer import native

IDENTIFIER = b"EIM1"
VERSION = 3
MAX_RANK = 6
DATA_ALIGN = 8  # EI_DATA_ALIGN
IN_DATA = 1 << 31  # EI_IN_DATA: an operand of the params lies in the image's data
STEP = struct.Struct("<HHIIIIIHHHH")
SHORT = struct.Struct("<BBHHHHHBB")
BAND = struct.Struct("<BBBBHH")
FORMS = frozenset(("steps", "short_steps", "bands"))
IO = struct.Struct("<IIfiBBH6I")
SCALARS = (
    "version",
    "target",
    "arena_bytes",
    "selftest_seed",
    "selftest_crc",
    "reset_steps",
    "state_bytes",
    "fast_bytes",
)
VECTORS = ("steps", "params", "data", "inputs", "outputs", "name", "layers")
FIELDS = (*SCALARS[:5], *VECTORS, *SCALARS[5:], "short_steps", "bands")
SEED = 0x2545F491  # of the self-test's input; any number would do, it must only never change


@dataclass(frozen=True)
class Io:
    """An input or output: where it lies in the arena and how to read its bytes."""

    offset: int  # bytes
    bytes: int
    dtype: np.dtype[Any]
    dims: tuple[int, ...]
    scale: float  # 0 for float
    zero_point: int


@dataclass(frozen=True)
class Step:
    """One kernel call of an image."""

    kernel: str
    layer: int
    y0: int
    y1: int


@dataclass(frozen=True)
class Image:
    """What an image says of itself."""

    name: str
    arena_bytes: int
    inputs: tuple[Io, ...]
    outputs: tuple[Io, ...]
    steps: tuple[Step, ...]
    layers: tuple[str, ...]  # "OP output name" of each layer; empty when stripped
    crc: int
    selftest_crc: int
    layout: str  # of filters, one of boards.LAYOUTS
    reset_steps: int  # the first steps, which put the state to its start
    state_bytes: int = 0  # the arena's first bytes, if they hold the state and nothing else
    fast_bytes: int = 0  # the arena's bytes from here on may lie in slower memory; 0: none
    forms: frozenset[str] = FORMS  # of steps that it has

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels that the image uses, in the C library's order."""
        used = {step.kernel for step in self.steps}
        return tuple(k for k in native.kernel_names() if k in used)


def sealed(body: bytes) -> bytes:
    """The FlatBuffer with its CRC-32 behind it."""
    return body + struct.pack("<I", zlib.crc32(body))
