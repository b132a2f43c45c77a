# SPDX-License-Identifier: Apache-2.0
"""Emulated boards: one process per board, its serial line on a pseudo-terminal. QEMU's machines
have a debug port besides, and stay plugged in when they are flashed.

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
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgeinfer import paths
from edgeinfer.boards import cycles, machine, probe
from edgeinfer.boards.board import Board, real_board
from edgeinfer.boards.remote import Remote
from edgeinfer.errors import BoardError, DeviceError

_STOP_SECONDS = 5.0
_START_SECONDS = 20.0
_GONE_SECONDS = 1.0
_children: dict[int, "subprocess.Popen[bytes]"] = {}  # started by this process; to be waited for


@dataclass(frozen=True)
class Emulator:
    """A running emulated board."""

    board: str
    pid: int
    port: str
    elf: str  # "": nothing was put on it yet
    resets: bool = False  # whenever a host opens its line
    ssh: str = ""  # the machine that it really is on, reached by ssh: then nothing is emulated
    debug: str = ""  # the socket that is its debug port; "" without one
    command: tuple[str, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether it waits for a firmware."""
        return bool(self.debug) and not self.elf


def start(board: Board, elf: Path | None = None, ssh: str = "", *, blank: bool = False) -> Emulator:
    """Plug in a fresh emulated board and have it run the firmware; an earlier one of this name is
    stopped. Without a firmware one with a debug port waits for it.

    What its store holds stays from one start to the next, if it is not to be `blank`. With `ssh`
    the firmware is run on that machine, where it was copied to. Raises BoardError when the
    emulator does not start."""
    stop(board.name)
    if blank:
        machine.store(board).unlink(missing_ok=True)
    command = Remote(ssh).serving(board.name) if ssh else machine.command(board, elf)
    debug = "" if ssh or not board.has_debug_port else machine.socket(board.name)
    if debug:
        machine.prepare(board)
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        port = os.ttyname(slave)
        log = machine.record(board.name).with_suffix(".log")
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
    here = "" if debug or elf is None else str(elf)
    running = Emulator(
        board.name, process.pid, port, here, board.arduino, ssh, debug, tuple(command)
    )
    _note(running)
    if debug:
        try:
            _wait_for(running)
            if elf is not None:
                running = _put(running, board, elf, erase=False)
        except BaseException:
            stop(board.name)
            raise
    return running


def put(board: Board, elf: Path, ssh: str = "") -> Emulator:
    """Have the emulated board run a firmware, its store blank: through the debug port of the one
    that is plugged in, or else on a fresh one.

    Raises BoardError when the emulator does not start, DeviceError when it does not answer."""
    running = find(board.name)
    if running is not None and running.debug and running.command == tuple(machine.command(board)):
        with contextlib.suppress(BoardError):  # it ends just now
            return _put(running, board, elf, erase=True)
    return start(board, elf, ssh, blank=True)


@contextlib.contextmanager
def announced(running: Emulator) -> Iterator[None]:
    """Say that a board is about to be flashed, by what is noted of it, to who watches its line; no
    more if that comes to nothing."""
    _note(replace(running, elf=""))
    try:
        yield
    except BaseException:
        _note(running)
        raise


def _wait_for(running: Emulator) -> None:
    """Until its debug port is there. Raises BoardError when it ends instead."""
    deadline = time.monotonic() + _START_SECONDS
    while not Path(running.debug).exists():
        if not _alive(running) or time.monotonic() > deadline:
            raise _ended(running.board)
        time.sleep(0.005)


def _put(running: Emulator, board: Board, elf: Path, *, erase: bool) -> Emulator:
    """Put a firmware into the memory of a running board."""
    if cycles.cores_of(board):
        cycles.flashed(board, elf, machine.estimate(board.name))
    _note(replace(running, elf=""))  # if this is broken off, neither the old nor the new is there
    try:
        probe.put(board, elf, Path(running.debug), erase=erase)
    except DeviceError as error:
        if _ends(running):
            raise _ended(board.name) from error
        raise
    running = replace(running, elf=str(elf))
    _note(running)
    return running


def _ended(name: str) -> BoardError:
    words = last_words(name)
    return BoardError(
        f"The emulator of {name} ended{': ' + words if words else ''}.",
        "'edgeinfer doctor' says what is missing.",
    )


def _ends(running: Emulator) -> bool:
    """Whether its process ends: its lines are closed a little before it is gone."""
    deadline = time.monotonic() + _GONE_SECONDS
    while _alive(running):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _note(running: Emulator) -> None:
    file = machine.record(running.board)
    new = file.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(asdict(running)), encoding="utf-8")
    new.replace(file)  # whole for whoever looks at the same time


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
        facts = json.loads(machine.record(name).read_text(encoding="utf-8"))
        return Emulator(**{**facts, "command": tuple(facts.get("command", ()))})
    except (OSError, ValueError, TypeError):
        return None


def as_found(board: Board, port: str) -> Board:
    """The board as it is at a port. Under an emulator of ours it is emulated; else it is the real
    thing, if it may be: so is a Linux firmware over ssh, or started by hand."""
    running = find(board.name)
    if running is not None and running.port == port and not running.ssh:
        return board
    return replace(board, emulator=()) if board.hosted else real_board(board)


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
    """The last line that the board's emulator wrote to its log, but for warnings, of which QEMU has
    one that means nothing; empty when there is none."""
    try:
        lines = machine.record(name).with_suffix(".log").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line for line in reversed(lines) if ": warning: " not in line), "")


def _alive(emulator: Emulator) -> bool:
    """Whether that very process still runs: a process number may have been given to another."""
    child = _children.get(emulator.pid)
    if child is not None:
        return child.poll() is None
    mark = emulator.ssh or machine.escaped(emulator.debug) or emulator.elf
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
    file = machine.estimate(board.name)
    cores, running = cycles.cores_of(board), find(board.name)
    if not cores or running is None or running.port != port or not file.is_file():
        return None
    return cycles.Marks(file, cores)


def _forget(name: str) -> None:
    for file in (machine.record(name), machine.estimate(name), Path(machine.socket(name))):
        file.unlink(missing_ok=True)
