# SPDX-License-Identifier: Apache-2.0
"""The command of an emulated board, and the files that it names: all are in one folder and begin
with the board's name, so that later commands find them."""

import tempfile
import zlib
from pathlib import Path

from edgeinfer import paths
from edgeinfer.boards import counter, cycles
from edgeinfer.boards.board import Board
from edgeinfer.errors import BoardError

_LONGEST_SOCKET = 100  # bytes of its path; systems take 104 or 108


def command(board: Board, elf: Path | None = None) -> list[str]:
    """What is started. Raises BoardError for a board that is nothing without a firmware."""
    if board.has_debug_port:
        return _machine(board)
    if elf is None:
        raise without_firmware(board.name)
    if board.arduino:
        return [str(counter.program(board.emulator[0])), *board.emulator[1:], str(elf)]
    return _process(board, elf)


def without_firmware(name: str) -> BoardError:
    """The error for a board that nothing was put on yet."""
    return BoardError(
        f"{name} has no firmware yet.", f"Flash it first: edgeinfer flash MODEL --board {name}"
    )


def _machine(board: Board) -> list[str]:
    """Command of an emulated board without operating system. It stands still until something is
    put into its memory, and is told so through its debug port."""
    timing = f"shift={board.icount_shift},align=off,sleep=off"
    words = [*board.emulator, "-icount", timing, "-display", "none", "-monitor", "none"]
    words += cycles.options(board, estimate(board.name))
    if _banked(board):
        words += ["-drive", f"if=pflash,unit=1,format=raw,file={store(board)}"]
    words += ["-S", "-gdb", f"unix:{escaped(socket(board.name))},server=on,wait=off"]
    return [*words, "-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line"]


def _process(board: Board, elf: Path) -> list[str]:
    """Command of a firmware that is a Linux program; emulated, it counts its instructions."""
    kept = ["--store", str(store(board))] if board.store else []
    if not board.emulated:
        return [str(elf), *kept]
    count = record(board.name).with_suffix(".count")
    with count.open("wb") as file:
        file.truncate(4096)
    plugin = ["-plugin", f"{counter.plugin('count')},count={count}"]
    return [*board.emulator, *plugin, str(elf), "--count", str(count), *kept]


def prepare(board: Board) -> None:
    """Make the files that the command of a machine names."""
    Path(socket(board.name)).unlink(missing_ok=True)
    if cycles.cores_of(board):
        cycles.blank(estimate(board.name))
    if _banked(board):
        _bank(board)


def _banked(board: Board) -> bool:
    """Whether its store is a bank of flash that QEMU keeps in a file."""
    return board.store is not None and board.store.kind == "cfi"


def _bank(board: Board) -> None:
    """Make that file of the size that QEMU wants."""
    file, size = store(board), board.store.size if board.store else 0
    if not file.is_file() or file.stat().st_size != size:
        with file.open("wb") as handle:
            handle.truncate(size)


def store(board: Board) -> Path:
    """The file that holds what is in a board's store."""
    return record(board.name).with_suffix(".store")


def estimate(name: str) -> Path:
    """The file that a board's estimate of cycles is in."""
    return record(name).with_suffix(".cycles")


def socket(name: str) -> str:
    """The path of a board's debug port. Only its user may connect to it, unlike to a TCP port:
    through it QEMU can be told to do anything that its user may do."""
    path = str(record(name).with_suffix(".gdb"))
    if len(path.encode()) <= _LONGEST_SOCKET:
        return path
    return str(Path(tempfile.gettempdir()) / f"edgeinfer-{zlib.crc32(path.encode()):08x}.gdb")


def escaped(path: str) -> str:
    """As QEMU takes a path among options."""
    return path.replace(",", ",,")


def record(name: str) -> Path:
    """The file that says that the board runs; the others are called after it."""
    return paths.state_dir() / f"{name}.json"
