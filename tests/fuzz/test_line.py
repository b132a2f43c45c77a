# SPDX-License-Identifier: Apache-2.0
"""What comes over the line does the board no harm: a small part of `python -m tests.fuzz line`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.fuzz import line


def test_frames_and_commands_of_any_kind(tmp_path: Path) -> None:
    program, other = line.build(tmp_path)
    command = [program, "1", "300000", other]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found = re.fullmatch(
        r"300000 frames and commands, (\d+) pieces, (\d+) resets, (\d+) other models\n",
        done.stdout,
    )
    assert found
    for number, least in zip(found.groups(), (100_000, 100, 50), strict=True):
        assert int(number) > least, done.stdout  # it gets that far
