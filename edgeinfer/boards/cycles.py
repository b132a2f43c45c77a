# SPDX-License-Identifier: Apache-2.0
"""Estimated cycles of an emulated Cortex-M: what firmware/emulator/cycles.c notes at each reading
of the clock. docs/cycles.md has the costs and what they leave out."""

from __future__ import annotations

import functools
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edgeinfer.boards import counter
from edgeinfer.boards.board import Board
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.errors import BoardError

# In the plugin's order.
CORES = ("cortex-m0", "cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m7")
# Whose cycles the instructions of a board's core say something about.
_OF = {
    "cortex-m0": ("cortex-m0", "cortex-m0+"),
    "cortex-m3": ("cortex-m3",),
    "cortex-m4f": ("cortex-m4",),
    "cortex-m7": ("cortex-m7",),
}
_RING = 8192  # marks that the plugin keeps
_WORD = 8  # bytes
_HEAD = 2  # words before it: how many marks there were, the address of what reads the clock
FILE_BYTES = _WORD * (_HEAD + _RING * len(CORES))
_NOWHERE = 2**64 - 1  # an address


@dataclass(frozen=True)
class Marks:
    """The readings of the clock that a running emulated board has made so far."""

    file: Path
    cores: tuple[str, ...]  # of CORES, those that the board's instructions are for

    def count(self) -> int:
        """How many readings there were."""
        return self._words(0, 1)[0]

    def spans(self, first: int) -> list[dict[str, int]]:
        """Estimated cycles by core between each two readings from number `first` on: what is timed
        lies between the first and the second, the third and the fourth, and so on."""
        last = self.count()
        marks = [self._totals(i) for i in range(max(first, last - _RING), last)]
        return [
            {core: end[core] - begin[core] for core in self.cores}
            for begin, end in zip(marks[::2], marks[1::2], strict=False)
        ]

    def _totals(self, mark: int) -> dict[str, int]:
        at = _HEAD + mark % _RING * len(CORES)
        return dict(zip(CORES, self._words(at, len(CORES)), strict=True))

    def _words(self, at: int, n: int) -> tuple[int, ...]:
        with self.file.open("rb") as file:
            file.seek(at * _WORD)
            return struct.unpack(f"<{n}Q", file.read(n * _WORD))


def cores_of(board: Board) -> tuple[str, ...]:
    """The cores whose cycles are estimated on this board; none where no costs are known."""
    return _OF.get(board.core, ()) if board.emulated and not board.hosted else ()


def options(board: Board, file: Path) -> list[str]:
    """QEMU's options for estimating into `file`. None for a core whose costs are not known, or
    where the plugin does not build or QEMU takes none: an estimate is an extra."""
    if not cores_of(board) or not _takes_plugins(board.emulator[0]):
        return []
    try:
        return ["-plugin", f"{counter.plugin('cycles')},cycles={file}"]
    except BoardError:
        return []


def blank(file: Path) -> None:
    """Make the file, for a board without a firmware."""
    with file.open("wb") as made:
        made.truncate(FILE_BYTES)
    _note(file, _NOWHERE)


def flashed(board: Board, elf: Path, file: Path) -> None:
    """Say in the file where the firmware that the board gets reads its clock."""
    names = subprocess.run(
        [f"{TOOLCHAINS[board.toolchain].prefix}nm", str(elf)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^(\w+) T timer_ticks$", names.stdout, re.MULTILINE)
    _note(file, int(found[1], 16) if found else _NOWHERE)


def _note(file: Path, address: int) -> None:
    with file.open("r+b") as made:
        made.seek(_WORD)
        made.write(struct.pack("<Q", address))


@functools.cache
def _takes_plugins(emulator: str) -> bool:
    try:
        said = subprocess.run([emulator, "-help"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return "-plugin" in said.stdout
