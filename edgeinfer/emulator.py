# SPDX-License-Identifier: Apache-2.0
"""Emulated boards: one process per board, its serial line on a pseudo-terminal.

QEMU, or the firmware itself where it is a Linux program, gets the pseudo-terminal's master as its
stdin and stdout, and keeps the other end open too. So the line exists as long as the board does, a
host that opens it is noticed at once (QEMU's own `-serial pty` polls once a second), and nothing is
lost while no host listens. An Arduino in simavr does not keep it open: a host that opens the line
resets it."""

import contextlib
import json
import os
import signal
import subprocess
import time
import tty
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgeinfer import counter, cycles, paths
from edgeinfer.boards import Board
from edgeinfer.errors import BoardError
from edgeinfer.remote import Remote

_STOP_SECONDS = 5.0
_children: dict[int, "subprocess.Popen[bytes]"] = {}  # started by this process; to be waited for


@dataclass(frozen=True)
class Emulator:
    """A running emulated board."""

    board: str
    pid: int
    port: str
    elf: str
    resets: bool = False  # whenever a host opens its line
    ssh: str = ""  # the machine that it really is on, reached by ssh: then nothing is emulated


def start(board: Board, elf: Path, ssh: str = "", *, blank: bool = False) -> Emulator:
    """Run the firmware on a fresh emulated board; an earlier one of this name is stopped.

    What its store holds stays from one start to the next, if it is not to be `blank`. With `ssh`
    the firmware is run on that machine, where it was copied to. Raises BoardError when the
    emulator does not start."""
    stop(board.name)
    if blank:
        _store(board).unlink(missing_ok=True)
    command = Remote(ssh).serving(board.name) if ssh else _command(board, elf)
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        port = os.ttyname(slave)
        log = _file(board.name).with_suffix(".log")
        with log.open("wb") as errors:
            process = subprocess.Popen(
                command,
                stdin=master,
                stdout=master,
                stderr=errors,
                pass_fds=() if board.arduino else (slave,),
                start_new_session=True,
            )
    except OSError as error:
        raise BoardError(
            f"{command[0]} does not start: {error}.",
            "'edgeinfer doctor' says what is missing.",
        ) from error
    finally:
        os.close(master)
        os.close(slave)
    _children[process.pid] = process
    running = Emulator(board.name, process.pid, port, str(elf), board.arduino, ssh)
    _file(board.name).write_text(json.dumps(asdict(running)), encoding="utf-8")
    return running


def _command(board: Board, elf: Path) -> list[str]:
    if board.arduino:
        return [str(counter.program(board.emulator[0])), *board.emulator[1:], str(elf)]
    return _process(board, elf) if board.hosted else _machine(board, elf)


def _machine(board: Board, elf: Path) -> list[str]:
    """Command of an emulated board without operating system."""
    timing = f"shift={board.icount_shift},align=off,sleep=off"
    # QEMU takes a second bank of flash for what is to be started, instead of a kernel.
    banked = board.store is not None and board.store.kind == "cfi"
    program = ["-device", f"loader,file={elf}"] if banked else ["-kernel", str(elf)]
    command = [*board.emulator, *program, "-icount", timing]
    command += ["-display", "none", "-monitor", "none"]
    command += cycles.options(board, elf, _file(board.name).with_suffix(".cycles"))
    if banked:
        command += ["-drive", f"if=pflash,unit=1,format=raw,file={_bank(board)}"]
    return [*command, "-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line"]


def _process(board: Board, elf: Path) -> list[str]:
    """Command of a firmware that is a Linux program; emulated, it counts its instructions."""
    store = ["--store", str(_store(board))] if board.store else []
    if not board.emulated:
        return [str(elf), *store]
    count = _file(board.name).with_suffix(".count")
    with count.open("wb") as file:
        file.truncate(4096)
    plugin = ["-plugin", f"{counter.plugin('count')},count={count}"]
    return [*board.emulator, *plugin, str(elf), "--count", str(count), *store]


def find(name: str) -> Emulator | None:
    """The running emulator of this board; None when there is none or it has died."""
    running = _noted(name)
    if running is None or _alive(running):
        return running
    _forget(name)
    return None


def _noted(name: str) -> Emulator | None:
    """What was noted of the board when it was started."""
    try:
        return Emulator(**json.loads(_file(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def as_found(board: Board, port: str) -> Board:
    """The board as it is at a port. A Linux firmware counts instructions only under an emulator of
    ours; over ssh, or started by hand, it runs on the real thing."""
    running = find(board.name)
    ours = running is not None and running.port == port and not running.ssh
    return board if ours or not board.hosted else replace(board, emulator=())


def running() -> list[Emulator]:
    """All emulated boards that run now."""
    names = sorted(file.stem for file in paths.state_dir().glob("*.json"))
    return [emulator for name in names if (emulator := find(name))]


def resets(port: str) -> bool:
    """Whether an emulated board on this port resets when a host opens it."""
    return any(emulator.port == port and emulator.resets for emulator in running())


def ended() -> list[tuple[Emulator, str]]:
    """Boards whose emulator ended without being told to, each with its last words; said once."""
    names = sorted(file.stem for file in paths.state_dir().glob("*.json"))
    known = [each for name in names if (each := _noted(name))]
    return [(each, last_words(each.board)) for each in known if find(each.board) is None]


def stop(name: str) -> bool:
    """Unplug the board; False when it was not running."""
    emulator = find(name)
    if emulator is None:
        return False
    deadline = time.monotonic() + _STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.killpg(emulator.pid, signal.SIGTERM)  # ssh has a shell around it
        while _alive(emulator):
            if time.monotonic() > deadline:
                os.killpg(emulator.pid, signal.SIGKILL)
            time.sleep(0.01)
    _forget(name)
    return True


def last_words(name: str) -> str:
    """The last line that the board's emulator wrote to its log; empty when there is none."""
    try:
        lines = _file(name).with_suffix(".log").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""


def _alive(emulator: Emulator) -> bool:
    """Whether that very process still runs: a process number may have been given to another."""
    child = _children.get(emulator.pid)
    if child is not None:
        return child.poll() is None
    mark = emulator.ssh or emulator.elf
    status = Path(f"/proc/{emulator.pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return mark.encode() in status.read_bytes()
        except OSError:
            return False
    listed = subprocess.run(
        ["ps", "-o", "command=", "-p", str(emulator.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return mark in listed.stdout


def marks(board: Board, port: str) -> cycles.Marks | None:
    """The estimate of cycles of the emulated board on this port; None when there is none."""
    file = _file(board.name).with_suffix(".cycles")
    cores, running = cycles.cores_of(board), find(board.name)
    if not cores or running is None or running.port != port or not file.is_file():
        return None
    return cycles.Marks(file, cores)


def _store(board: Board) -> Path:
    """The file that holds what is in a board's store."""
    return _file(board.name).with_suffix(".store")


def _bank(board: Board) -> Path:
    """The same as QEMU wants it, of the whole size."""
    file, size = _store(board), board.store.size if board.store else 0
    if not file.is_file() or file.stat().st_size != size:
        with file.open("wb") as handle:
            handle.truncate(size)
    return file


def _forget(name: str) -> None:
    for suffix in (".json", ".cycles"):
        _file(name).with_suffix(suffix).unlink(missing_ok=True)


def _file(name: str) -> Path:
    return paths.state_dir() / f"{name}.json"
