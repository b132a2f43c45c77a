# SPDX-License-Identifier: Apache-2.0
"""The image: format, refusal of damaged ones, self-test, row bands."""

from __future__ import annotations

import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import native
from edgeinfer.compile import compile_graph
from edgeinfer.errors import ImageError
from edgeinfer.image import read_image
from edgeinfer.image.layout import BAND, IO, MAX_RANK, SHORT, STEP, VERSION
from edgeinfer.native import DTYPES
from edgeinfer.session import Session
from tests.conftest import ROOT, need
from tests.ops.cases import CASES


def image_of(op: str, seed: int = 1) -> bytes:
    return compile_graph(CASES[op](np.random.default_rng(seed))).image


def test_python_and_c_agree_on_the_format() -> None:
    ffi, lib = native.library()
    assert lib.EI_VERSION == VERSION
    assert lib.EI_MAX_RANK == MAX_RANK
    assert ffi.sizeof("ei_step") == STEP.size
    assert ffi.sizeof("ei_short_step") == SHORT.size
    assert ffi.sizeof("ei_band") == BAND.size
    assert ffi.sizeof("ei_io") == IO.size
    for number, name in enumerate(DTYPES):
        assert getattr(lib, f"EI_{name.upper()}") == number


def test_flatc_decodes_an_image_by_its_schema(tmp_path: Path) -> None:
    need("flatc")
    (tmp_path / "image.eim").write_bytes(image_of("CONV_2D")[:-4])
    command = ["flatc", "--json", "--strict-json", "--raw-binary", "-o", str(tmp_path)]
    schema = ROOT / "csrc" / "image.fbs"
    subprocess.run([*command, str(schema), "--", str(tmp_path / "image.eim")], check=True)
    text = (tmp_path / "image.json").read_text()
    assert '"arena_bytes"' in text and '"short_steps"' in text and "conv_2d" in text


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda b: b[:20], "shorter"),
        (lambda b: b[:-1], "changed|not an"),
        (lambda b: b[:4] + b"XXXX" + b[8:], "not an"),
        (lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:], "changed|not an|version"),
    ],
)
def test_c_refuses_damaged_images(damage: object, reason: str) -> None:
    code = code_of(damage(image_of("ADD")))  # type: ignore[operator]
    assert code < 0
    import re

    assert re.search(reason, native.error_text(code)), native.error_text(code)


def code_of(image: bytes) -> int:
    """What ei_verify says of an image."""
    ffi, lib = native.library()
    memory = ffi.new("uint8_t[]", len(image) + 16)
    start = memory + (-int(ffi.cast("uintptr_t", memory)) % 16)
    ffi.memmove(start, image, len(image))
    return int(lib.ei_verify(start, len(image), ffi.new("ei_model *")))


def test_python_refuses_what_is_no_image() -> None:
    with pytest.raises(ImageError):
        read_image(b"not an image at all, but long enough to look at")
    with pytest.raises(ImageError):
        read_image(image_of("ADD")[:-1])


def test_images_are_deterministic_and_carry_their_self_test() -> None:
    first, second = image_of("CONV_2D"), image_of("CONV_2D")
    assert first == second
    info = read_image(first)
    assert (
        info.selftest_crc == Session(first).selftest_crc() == Session(first, "dsp").selftest_crc()
    )
    assert info.kernels == ("conv_2d_pairs",)
    assert info.crc == zlib.crc32(first[:-4]) == struct.unpack("<I", first[-4:])[0]
