# SPDX-License-Identifier: Apache-2.0
"""The public models: their arenas never grow, and are planned in seconds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edgeinfer import tflite
from edgeinfer.compile import make_plan, scratch_bytes
from edgeinfer.lower import lower
from edgeinfer.plan import FASTEST, check

CEILINGS = {  # bytes of the whole arena: smallest, and layer by layer
    "ad01": (768, 768),
    "hello_world": (32, 32),
    "ic01": (16_000, 35_504),
    "kws01": (8_600, 9_300),
    "micro_speech": (4_900, 4_960),
    "person_detect": (14_100, 38_400),
    "sww01": (4_200, 4_200),
    "vww01": (28_700, 38_400),
}


@pytest.mark.parametrize("name", CEILINGS)
def test_no_arena_grows(shared: Path, name: str) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    program = lower(graph)
    start = time.process_time()
    made, fast = make_plan(program), make_plan(program, FASTEST)
    assert time.process_time() - start < 10
    for each in (made, fast):
        check(each, scratch_bytes)
    assert (made.arena_bytes, fast.arena_bytes) <= CEILINGS[name]
    assert fast.arena_bytes <= CEILINGS[name][1]
    assert not any(step.is_move for step in fast.steps)
