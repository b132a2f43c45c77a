# SPDX-License-Identifier: Apache-2.0
"""Slots for uploaded models survive a power cut at every byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.board import firmware
from tests.board.conftest import two_inputs_like
from tests.conftest import ROOT


def test_a_cut_at_every_byte_leaves_the_old_model_or_the_new(image: bytes, tmp_path: Path) -> None:
    own = (ROOT / "tests" / "board" / "cut.c",)
    program = firmware.build(tmp_path, image, own, ("slots.c", "state.c", "serial.c", "convert.c"))
    others = []
    for seed in (8, 9):
        file = tmp_path / f"{seed}.image"
        file.write_bytes(two_inputs_like(seed))
        others.append(str(file))
    done = subprocess.run([program, *others], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 100_000  # cuts
