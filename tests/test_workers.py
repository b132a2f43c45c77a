# SPDX-License-Identifier: Apache-2.0
"""Tests of one group run in one worker, which then makes what they share once."""

from __future__ import annotations

import pytest

GROUPED = """
import os
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(4))
def test_worker(number):
    with open("workers", "a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
"""


def test_a_group_has_one_worker(pytester: pytest.Pytester) -> None:
    """pytest 9.2 ignores what pytest-xdist 3.8 does to that end."""
    pytester.makepyfile(GROUPED)
    done = pytester.runpytest_subprocess("-n", "2", "--dist", "loadgroup", "-p", "no:edgeinfer")
    done.assert_outcomes(passed=4)
    workers = (pytester.path / "workers").read_text().split()
    assert len(workers) == 4
    assert len(set(workers)) == 1
