# SPDX-License-Identifier: Apache-2.0
"""Damaged files: always an error for the user, never a crash, a hang or a wild allocation."""

from __future__ import annotations

import random
import time
from pathlib import Path

import flatbuffers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer import tflite
from edgeinfer.errors import EdgeinferError, ModelError
from edgeinfer.tflite.flat import encode
from tests.tflite.test_graphs import small_graph

CASES = 300
MODELS = ("int8/hello_world_int8", "int8/micro_speech_frontend", "float/hello_world_float")
EXTREME = (0, 1, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def attempt(data: bytes) -> None:
    """Reading gives a graph that can be written and read again, or an error for the user."""
    try:
        graph = tflite.read(data)
    except EdgeinferError as error:
        assert error.remedy
        return
    tflite.read(tflite.write(graph))


def damage(data: bytes, source: random.Random) -> bytes:
    """A copy that is cut short, or has bits, bytes or numbers changed."""
    changed = bytearray(data)
    kind = source.randrange(4)
    if kind == 0:
        return bytes(changed[: source.randrange(len(changed))])
    for _ in range(source.choice((1, 1, 2, 8))):
        at = source.randrange(len(changed))
        if kind == 1:
            changed[at] ^= 1 << source.randrange(8)
        elif kind == 2:
            changed[at] = source.randrange(256)
        else:
            at &= ~3
            number = source.choice((*EXTREME, len(data), source.randrange(len(data))))
            changed[at : at + 4] = number.to_bytes(4, "little")
    return bytes(changed)


def test_small_graph_damaged_anywhere() -> None:
    data = tflite.write(small_graph())
    source = random.Random(0)
    for _ in range(CASES):
        attempt(damage(data, source))
    for size in range(len(data)):
        attempt(data[:size])


@pytest.mark.parametrize("name", MODELS)
def test_public_model_damaged(name: str, shared: Path) -> None:
    data = (shared / "models" / f"{name}.tflite").read_bytes()
    source = random.Random(name)
    for _ in range(CASES):
        attempt(damage(data, source))


@settings(max_examples=CASES, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for header in (b"", b"\x10\0\0\0TFL3", b"\x08\0\0\0TFL3"):
        with pytest.raises(EdgeinferError):
            tflite.read(header + data)


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0\0\0\0TFL3", b"PK\x03\x04" + bytes(99)])
def test_no_model(data: bytes) -> None:
    with pytest.raises(EdgeinferError):
        tflite.read(data)


def test_overlapping_tables_do_not_multiply() -> None:
    """A thousand subgraphs that are one table of a thousand tensors that are one table."""
    builder = flatbuffers.Builder(0)
    tensor = encode(builder, "Tensor", {"name": "x"})

    def vector(offset: int) -> int:
        builder.StartVector(4, 5000, 4)
        for _ in range(5000):
            builder.PrependUOffsetTRelative(offset)
        return int(builder.EndVector())

    tensors = vector(tensor)
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(0, tensors, 0)
    subgraphs = vector(builder.EndObject())
    builder.StartObject(8)
    builder.PrependUint32Slot(0, 3, 0)
    builder.PrependUOffsetTRelativeSlot(2, subgraphs, 0)
    builder.Finish(builder.EndObject(), b"TFL3")
    started = time.monotonic()
    with pytest.raises(ModelError, match="overlap"):
        tflite.read(bytes(builder.Output()))
    assert time.monotonic() - started < 5
