# SPDX-License-Identifier: Apache-2.0
"""A few models of each operator on each emulated core; `make conformance` runs many more."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeinfer.boards.board import LAYOUTS, SMALL
from tests.conformance.bundle import Case, make_cases
from tests.conformance.core import CORES, Core
from tests.ops.cases import CASES

pytestmark = pytest.mark.xdist_group("conformance")  # one worker makes the cases, once

# Whose kernels are others where flash is dearer than time.
FOR_SIZE = ("AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@pytest.fixture(scope="module")
def cases() -> dict[str, list[Case]]:
    return {
        layout: make_cases(3, layout, FOR_SIZE if layout == SMALL else ()) for layout in LAYOUTS
    }


@pytest.mark.parametrize("small", [False, True], ids=["", "small"])
@pytest.mark.parametrize("name", CORES)
def test_every_byte_is_the_oracles(
    name: str, small: bool, cases: dict[str, list[Case]], tmp_path: Path
) -> None:
    core = Core(name, tmp_path, small)
    assert not core.missing, f"{core.missing} missing: run .ci/setup"
    mine = cases[core.layout]
    results = core.run(mine)
    wrong = [f"{mine[i].op} (case {i}): {bad}" for i, bad in results.items() if bad]
    assert not wrong, wrong
    assert {mine[i].op for i in results} == set(FOR_SIZE if small else CASES)


def test_a_wrong_byte_is_noticed(cases: dict[str, list[Case]], tmp_path: Path) -> None:
    core = Core("M4", tmp_path)
    assert not core.missing, f"{core.missing} missing: run .ci/setup"
    case = cases[core.layout][0]
    into, out = case.samples[0]
    spoilt = Case(case.op, case.image, ((into, bytes([out[0] ^ 1]) + out[1:]),), case.arena_bytes)
    assert core.run([spoilt]) == {0: 1}
