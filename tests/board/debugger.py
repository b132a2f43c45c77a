# SPDX-License-Identifier: Apache-2.0
"""Where a debugger finds things on an emulated board."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgeinfer.boards import emulator
from edgeinfer.boards.debugger import Debugger


def connect(board: str) -> Debugger:
    """A debugger at the board of this name, which stands still while it is open."""
    running = emulator.find(board)
    assert running is not None
    return Debugger(Path(running.debug), board)


def symbol(elf: Path, name: str, nm: str) -> tuple[int, int]:
    """Address and size of a variable of a program."""
    lines = subprocess.run([nm, "-S", elf], capture_output=True, text=True, check=True).stdout
    (found,) = [line.split() for line in lines.splitlines() if line.split()[-1] == name]
    return int(found[0], 16), int(found[1], 16)
