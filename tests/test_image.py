# SPDX-License-Identifier: Apache-2.0
"""The image: format, refusal of damaged ones, self-test, row bands."""

from __future__ import annotations

import json
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeinfer import native
from edgeinfer.compile import compile_graph
from edgeinfer.errors import ImageError
from edgeinfer.image import pack, read_image
from edgeinfer.image.layout import BAND, BANDLESS, IO, MAX_RANK, STEP, VERSION, sealed
from edgeinfer.image.read import _field, vector
from edgeinfer.native import DTYPES
from edgeinfer.session import Session
from tests.conftest import ROOT, need
from tests.csrc.images import banded
from tests.ops.cases import CASES


def image_of(op: str, seed: int = 1) -> bytes:
    return compile_graph(CASES[op](np.random.default_rng(seed))).image


def test_python_and_c_agree_on_the_format() -> None:
    ffi, lib = native.library()
    assert (lib.EI_VERSION, lib.EI_BANDLESS) == (VERSION, BANDLESS)
    assert lib.EI_MAX_RANK == MAX_RANK
    assert ffi.sizeof("ei_step") == STEP.size
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
    assert '"arena_bytes"' in text and '"steps"' in text and "conv_2d" in text


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


def test_bands_are_the_same_steps_in_fewer_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = banded()
    facts = read_image(made.image)
    rows = [(step.call.kernel, step.call.node, step.y0, step.y1) for step in made.plan.steps]
    assert [(s.kernel, s.layer, s.y0, s.y1) for s in facts.steps] == rows
    assert len(vector(made.image, "steps", STEP.size)) < len(rows) * STEP.size / 5
    monkeypatch.setattr("edgeinfer.image.write.in_bands", lambda steps: (steps, []))
    plain = pack(made.plan, strip=True)
    assert read_image(plain).steps == facts.steps
    assert len(plain) > len(made.image) + 400
    sample = [np.arange(16 * 16 * 3, dtype=np.int64).astype(np.int8).reshape(1, 16, 16, 3)]
    for backend in ("host", "dsp", "armv6m"):
        (a,), (b,) = (Session(image, backend).run(sample) for image in (made.image, plain))
        assert a.tobytes() == b.tobytes()


def test_flatc_knows_bands(tmp_path: Path) -> None:
    need("flatc")
    (tmp_path / "image.eim").write_bytes(banded().image[:-4])
    command = ["flatc", "--json", "--strict-json", "--raw-binary", "-o", str(tmp_path)]
    schema = ROOT / "csrc" / "image.fbs"
    subprocess.run([*command, str(schema), "--", str(tmp_path / "image.eim")], check=True)
    found = json.loads((tmp_path / "image.json").read_text())
    assert found["version"] == VERSION
    bands = BAND.iter_unpack(vector(banded().image, "bands", BAND.size))
    assert [tuple(band.values()) for band in found["bands"]] == list(bands)


def test_a_band_is_like_a_step_that_there_is_and_stays_in_bounds() -> None:
    image = banded().image
    assert code_of(image) == 0
    kinds = len(vector(image, "steps", STEP.size)) // STEP.size
    arena = read_image(image).arena_bytes
    for at, value, code in ((0, kinds, "FORMAT"), (2, 0, "PARAMS"), (2, 255, "PARAMS")):
        assert code_of(with_band(image, "<B", at, value)) == getattr(lib(), f"EI_ERR_{code}")
    for at in (4, 6):  # operand and result
        assert code_of(with_band(image, "<H", at, arena)) == lib().EI_ERR_BOUNDS
    without = bytearray(image[:-4])
    assert struct.unpack_from("<I", without, _field(image, "version")) == (VERSION,)
    struct.pack_into("<I", without, _field(image, "version"), BANDLESS)
    assert code_of(sealed(bytes(without))) == lib().EI_ERR_FORMAT
    struct.pack_into("<I", without, _field(image, "version"), VERSION + 1)
    assert code_of(sealed(bytes(without))) == lib().EI_ERR_VERSION


def lib() -> Any:
    return native.library()[1]


def with_band(image: bytes, form: str, at: int, value: int) -> bytes:
    """The image with a value in its first band."""
    changed = bytearray(image[:-4])
    struct.pack_into(form, vector(changed, "bands", BAND.size), at, value)
    return sealed(bytes(changed))


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
