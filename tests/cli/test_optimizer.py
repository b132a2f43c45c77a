# SPDX-License-Identifier: Apache-2.0
"""What the optimizer removes, as commands show it, and how it is switched off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgeinfer.cli import inspect
from edgeinfer.cli.app import main
from edgeinfer.cli.ui import Ui


def test_inspect_says_what_was_removed(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(shared / "models" / "int8" / "vww01_int8.tflite")
    sizes, shown = [], []
    for options in ((), ("--passes", "unread-channels"), ("--no-optimize",)):
        assert main(["inspect", model, "--json", *options]) == 0
        result = json.loads(capsys.readouterr().out)
        shown.append(result)
        sizes.append((result["image_bytes"], result["optimized"]["weight_bytes"]))
    assert [image for image, _ in sizes] == sorted(image for image, _ in sizes)
    assert sizes[0][1] > 180_000
    assert sizes[2][1] == 0
    inspect.show(shown[0], Ui())
    assert "removed  2,192 dead channels of 19 layers" in capsys.readouterr().out


def test_an_unknown_pass_is_said(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(shared / "models" / "int8" / "kws01_int8.tflite")
    assert main(["run", model, "--input", "x.npy", "--passes", "faster"]) == 2
    assert main(["inspect", model, "--passes", "faster"]) == 2
    said = capsys.readouterr().err
    assert "no optimizer pass 'faster'" in said
    assert "unread-channels" in said
