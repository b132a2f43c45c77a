# SPDX-License-Identifier: Apache-2.0
"""An installed wheel, without the checkout, quantizes, flashes and stops a board."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeinfer.demo import digits
from tests.conftest import ROOT

pytestmark = pytest.mark.xdist_group("commands")


def test_a_wheel_flashes(tmp_path: Path, digits_float: Path) -> None:
    options = ["--no-build-isolation", "--no-deps", "-q", "-w", tmp_path]
    # A build folder of its own: the checkout's belongs to the editable install.
    options += [f"--config-settings=build-dir={tmp_path / 'build'}", ROOT]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    assert [name for name in archive.namelist() if "packer" in name] == [
        "edgeinfer/_packer.abi3.so"
    ]
    archive.extractall(tmp_path / "installed")
    # -S leaves out the editable install's hook; packages come from the path alone.
    paths = [str(tmp_path / "installed"), sysconfig.get_path("purelib")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "EDGEINFER_CACHE": str(tmp_path / "cache"),
    }

    def edgeinfer(*arguments: str | Path) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-S", "-m", "edgeinfer", *arguments, "--json"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    np.save(tmp_path / "x.npy", digits.load()[0][:50])
    edgeinfer("quantize", digits_float, "--calib", "x.npy", "-o", "digits.tflite")
    try:
        flashed = edgeinfer("flash", "digits.tflite", "--board", "netduinoplus2")
        assert flashed["board"] == "netduinoplus2"
        assert (tmp_path / "cache" / "projects").is_dir()
    finally:
        stopped = edgeinfer("boards", "--stop", "all")
    assert stopped["stopped"] == ["netduinoplus2"]
