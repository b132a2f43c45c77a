# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[1]


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
