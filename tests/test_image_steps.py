# SPDX-License-Identifier: Apache-2.0
"""Steps in an image: at full length, short, and in bands."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeinfer import native
from edgeinfer.compile import compile_graph
from edgeinfer.image import read_image
from edgeinfer.image.layout import BAND, SHORT, STEP, VERSION, sealed
from edgeinfer.image.read import field_at, vector
from edgeinfer.image.steps import step_vectors
from edgeinfer.plan import FASTEST
from edgeinfer.session import Session
from tests.conftest import ROOT, need
from tests.csrc.images import banded, wide
from tests.ops.cases import CASES
from tests.test_image import code_of

_LARGEST = (300, 300, 70_000, *(70_000,) * 4, 300, 300, 300, 3)  # of each field, and more
_STEPS = st.lists(
    st.tuples(*(st.integers(0, 1) | st.integers(0, most) for most in _LARGEST)), max_size=12
)


def test_bands_are_the_same_steps_in_fewer_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = banded()
    facts = read_image(made.image)
    rows = [(step.call.kernel, step.call.node, step.y0, step.y1) for step in made.plan.steps]
    assert [(s.kernel, s.layer, s.y0, s.y1) for s in facts.steps] == rows
    assert len(vector(made.image, "short_steps", SHORT.size)) < len(rows) * STEP.size / 10
    plain = wide(made.plan, monkeypatch)
    assert read_image(plain).steps == facts.steps
    assert len(plain) > len(made.image) + 400
    sample = [np.arange(16 * 16 * 3, dtype=np.int64).astype(np.int8).reshape(1, 16, 16, 3)]
    for backend in ("host", "dsp", "armv6m"):
        (a,), (b,) = (Session(image, backend).run(sample) for image in (made.image, plain))
        assert a.tobytes() == b.tobytes()


def test_short_steps_are_the_same_steps_in_fewer_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = CASES["DEPTHWISE_CONV_2D"](np.random.default_rng(3))
    made = compile_graph(graph, goal=FASTEST)
    short, long = made.image, wide(made.plan, monkeypatch)
    assert not vector(short, "steps", STEP.size) and not vector(short, "bands", BAND.size)
    assert read_image(short).steps == read_image(long).steps
    assert len(long) >= len(short)  # both are padded
    sample = [np.full(io.dims, 5, io.dtype) for io in read_image(short).inputs]
    (a,), (b,) = (Session(image).run(sample) for image in (short, long))
    assert a.tobytes() == b.tobytes()


@given(_STEPS)
def test_steps_take_the_shortest_form_that_holds_them(steps: list[tuple[int, ...]]) -> None:
    """Of any steps; those that no short form holds stay at full length."""
    steps = [(*s[:2], s[2] * 4, *s[3:7], s[7], s[7] + s[8], *s[9:]) for s in steps]
    made = step_vectors(steps)
    assert sum(map(len, made.get("steps", []))) <= len(steps) * STEP.size
    assert [tuple(step) for step in unpacked(made)] == steps


def unpacked(made: dict[str, list[bytes]]) -> Iterator[tuple[int, ...]]:
    """What the C library makes of these vectors: the fields of ei_step."""
    if "steps" in made:
        yield from map(STEP.unpack, made["steps"])
        return
    short = [SHORT.unpack(item) for item in made["short_steps"]]
    whole = [(like, 0, s[7], 0, s[3], s[5]) for like, s in enumerate(short)]
    bands = [BAND.unpack(item) for item in made["bands"]] if "bands" in made else whole
    for like, y0, rows, in_y0, in0, out in bands:
        kernel, layer, params, _, in1, _, scratch, _, flags = short[like]
        yield kernel, layer, params * 4, in0, in1, out, scratch, y0, y0 + rows, in_y0, flags


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
    kinds = len(vector(image, "short_steps", SHORT.size)) // SHORT.size
    arena = read_image(image).arena_bytes
    for at, value, code in ((0, kinds, "FORMAT"), (2, 0, "PARAMS"), (2, 255, "PARAMS")):
        assert code_of(with_band(image, "<B", at, value)) == getattr(lib(), f"EI_ERR_{code}")
    for at in (4, 6):  # operand and result
        assert code_of(with_band(image, "<H", at, arena)) == lib().EI_ERR_BOUNDS
    without = bytearray(image[:-4])
    assert struct.unpack_from("<I", without, field_at(image, "version")) == (VERSION,)
    for version in (VERSION - 1, VERSION + 1):
        struct.pack_into("<I", without, field_at(image, "version"), version)
        assert code_of(sealed(bytes(without))) == lib().EI_ERR_VERSION


def lib() -> Any:
    return native.library()[1]


def with_band(image: bytes, form: str, at: int, value: int) -> bytes:
    """The image with a value in its first band."""
    changed = bytearray(image[:-4])
    struct.pack_into(form, vector(changed, "bands", BAND.size), at, value)
    return sealed(bytes(changed))
