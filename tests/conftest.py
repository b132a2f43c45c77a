# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgeinfer.boards import emulator
from tests import compiling

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    compiling.know_again()


def need(*tools: str) -> None:
    """Fails unless these programs are there: make setup installs them all, so no test skips."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    assert not missing, f"{', '.join(missing)} missing: run .ci/setup"


@contextmanager
def cache_of_its_own(folder: Path) -> Iterator[Path]:
    """`folder` as the cache; every emulator in it is stopped afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEINFER_CACHE", str(folder))
        try:
            yield folder
        finally:
            for running in emulator.running():
                emulator.stop(running.board)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public models and data beside the project; CI has it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the public models and data in ../shared, which is absent")
    return folder


@pytest.fixture(scope="session")
def digits_float() -> Path:
    """The committed float network of the demo."""
    return ROOT / "edgeinfer" / "demo" / "digits_float.tflite"
