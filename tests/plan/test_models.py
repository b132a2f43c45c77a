# SPDX-License-Identifier: Apache-2.0
"""The public models: their arenas never grow, and are planned in seconds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edgeinfer import tflite
from edgeinfer.compile import make_plan
from edgeinfer.lower import lower
from edgeinfer.plan import check, plan

CEILINGS = {  # bytes of activations, without any kernel's scratch
    "ad01": 768,
    "hello_world": 32,
    "ic01": 49_152,
    "kws01": 16_000,
    "micro_speech": 5_960,
    "person_detect": 55_296,
    "sww01": 6_656,
    "vww01": 55_296,
}


@pytest.mark.parametrize("name", CEILINGS)
def test_no_arena_grows(shared: Path, name: str) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    program = lower(graph)
    start = time.monotonic()
    full = make_plan(program)
    assert time.monotonic() - start < 10
    check(full)
    bare = plan(program, lambda call: 0)
    assert bare.optimal and bare.arena_bytes <= CEILINGS[name]
