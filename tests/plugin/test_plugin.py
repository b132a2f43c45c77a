# SPDX-License-Identifier: Apache-2.0
"""pytest's fixture edgeinfer_target, in a pytest of its own: the documented example, and faults."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.demo import digits
from edgeinfer.quantize import FAST, quantize
from tests.conftest import ROOT, need

BOARD = "netduinoplus2"
Run = Callable[..., pytest.RunResult]


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory, digits_float: Path) -> Path:
    """A folder with digits.tflite and test.npz, as the README's tour makes them."""
    folder = tmp_path_factory.mktemp("tour")
    x, _, x_test, y_test = digits.load()
    graph = quantize(tflite.read_file(str(digits_float)), x[:100], **FAST).graph
    tflite.write_file(folder / "digits.tflite", graph)
    np.savez(folder / "test.npz", x=x_test, y=y_test)
    return folder


@pytest.fixture
def run(pytester: pytest.Pytester, tour: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest on a test file beside the tour's files."""
    for file in tour.iterdir():
        shutil.copy(file, pytester.path)
    monkeypatch.setenv("EDGEINFER_CACHE", str(pytester.path / "cache"))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def go(code: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(code)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)

    return go


def example() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "testing.md").read_text(), re.S)
    return str(code)


def one(statement: str) -> str:
    return f"""
        def test_it(edgeinfer_target):
            model = edgeinfer_target.load("digits.tflite")
            {statement}
    """


def running() -> list[str]:
    """Command lines of all processes that mention this test's cache."""
    cache = os.environ["EDGEINFER_CACHE"]
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text(errors="replace"))
        except OSError:
            continue
    return [line for line in found if cache in line]


def test_the_documented_example_runs_on_host_and_board(run: Run) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm")
    done = run(example(), "-v", f"--edgeinfer-board=host,{BOARD}")
    done.assert_outcomes(passed=6)
    done.stdout.fnmatch_lines_random([f"*test_budgets?{BOARD}? PASSED*", "*test_budgets?host?*"])
    assert running() == []


def test_without_the_option_it_is_the_host(run: Run) -> None:
    done = run(one("assert edgeinfer_target.is_host and model.arena_bytes < 2000"))
    done.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "statement",
    [
        "assert model.accuracy(*[np.load('test.npz')[k][:20] for k in 'xy']) > 1",
        "assert model.ram_bytes < 100",
        "assert model.flash_bytes < 100",
        "assert model.mismatched_bytes(n=1) > 0",
    ],
)
def test_what_does_not_hold_fails(statement: str, run: Run) -> None:
    run("import numpy as np\n" + one(statement).replace("\n        ", "\n")).assert_outcomes(
        failed=1
    )


def test_a_budget_on_the_board_fails_when_it_is_too_small_or_missing(run: Run) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm")
    code = """
        def test_small(edgeinfer_target):
            model = edgeinfer_target.load("digits.tflite")
            assert model.latency().within(instructions=1000)

        def test_missing(edgeinfer_target):
            model = edgeinfer_target.load("digits.tflite")
            assert model.latency().within(us=10**9)
    """
    done = run(code, "--edgeinfer-board", BOARD)
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["*This target measures instructions*"])
    assert running() == []


def test_an_unknown_board_is_said_before_anything_runs(run: Run) -> None:
    done = run(one("pass"), "--edgeinfer-board", "netduino")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*There is no board 'netduino'*"])


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("model.run(1, 2)", "The model has 1 inputs, 2 were given."),
        ("model.run([1, 2])", "has shape (1, 8, 8, 1), not (2,)"),
        ("model.accuracy([], [])", "0 labels for 0 samples"),
        ("edgeinfer_target.load('none.tflite')", "none.tflite"),
    ],
)
def test_wrong_use_is_said(statement: str, says: str, run: Run) -> None:
    done = run(one(statement))
    done.assert_outcomes(failed=1)
    assert says in done.stdout.str()
