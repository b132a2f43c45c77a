# SPDX-License-Identifier: Apache-2.0
"""Serial ports of real boards, found by the USB numbers in boards/*.toml.

A board that resets, or is flashed, may vanish from USB and come back under another name, and with
other numbers as long as its boot loader waits for a program. What it is plugged into stays."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board, all_boards
from edgeinfer.errors import BoardError, DeviceError

_SETTLED = 1.0  # seconds that a port must have been there: one that is about to go is of no use
_RESET_SECONDS = 2.0  # in which a board that was reset is on USB again
_USB_DEVICES = Path("/sys/bus/usb/devices")  # where Linux lists those without a serial port too
_PROCESSES = Path("/proc")
_MANY = 3  # ports that a sentence names at most


@dataclass(frozen=True)
class OnUsb:
    """Something on USB."""

    numbers: str  # "VID:PID" in hex, small letters
    port: str = ""  # "": it shows no serial port
    location: str = ""  # the socket that it is plugged into; "" where the system does not say
    title: str = ""

    @property
    def name(self) -> str:
        return self.port or f"USB {self.numbers}"


def on_usb() -> list[OnUsb]:
    """All serial ports on USB, and on Linux what is there without one."""
    found = [
        OnUsb(
            f"{port.vid:04x}:{port.pid:04x}",
            port.device,
            (getattr(port, "location", None) or "").split(":")[0],
            getattr(port, "description", None) or "",
        )
        for port in list_ports.comports()
        if port.vid is not None
    ]
    known = {each.numbers for each in found}
    return sorted(found, key=lambda each: each.port) + [
        each for each in _without_port() if each.numbers not in known
    ]


def _without_port() -> list[OnUsb]:
    try:
        folders = sorted(_USB_DEVICES.iterdir())
    except OSError:
        return []
    found = []
    for folder in folders:
        try:
            vid, pid = (
                (folder / name).read_text(encoding="ascii").strip().lower()
                for name in ("idVendor", "idProduct")
            )
        except (OSError, UnicodeDecodeError):
            continue  # an interface or a root hub that is going
        found.append(OnUsb(f"{vid}:{pid}", location=folder.name))
    return found


def runs_program(each: OnUsb, board: Board) -> bool:
    """Whether it may be the board with a firmware that answers."""
    return bool(each.port) and each.numbers in board.usb.program


def in_boot_loader(each: OnUsb, board: Board) -> bool:
    """Whether it is the board's boot loader: some show the program's numbers, but no port."""
    return each.numbers in board.usb.bootloader and not runs_program(each, board)


def matching(board: Board) -> list[OnUsb]:
    """What may be the board, with a firmware that answers."""
    return [each for each in on_usb() if runs_program(each, board)]


def waiting(board: Board) -> list[OnUsb]:
    """What is such a board in its boot loader."""
    return [each for each in on_usb() if in_boot_loader(each, board)]


def resets(port: str) -> bool:
    """Whether opening a port may reset its board, which then listens to its boot loader first."""
    numbers = next((each.numbers for each in on_usb() if each.port == port), "")
    if not numbers:
        return False
    known = [board for board in all_boards() if numbers in board.usb.program]
    return not known or any(board.usb.resets for board in known)


def answering(board: Board, seconds: float = _RESET_SECONDS) -> str:
    """The port of a connected board that was flashed; "" if none comes in some seconds: one that
    was reset a moment ago is not there.

    Raises DeviceError when several may be it, or it is in its boot loader."""
    deadline = time.monotonic() + seconds
    while not (found := matching(board)):
        if asleep := waiting(board):
            raise boot_loader(board, asleep[0])
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return _one(board, found).port


def before_upload(board: Board, named: str = "") -> OnUsb:
    """What to upload to: the port `named` if one is, else the board, in its boot loader or not; if
    there is none, one without numbers, for an uploader that needs none.

    Raises DeviceError when several may be the board or another program has its port open,
    BoardError when the port named is another board's."""
    there = on_usb()
    if named:
        found = next((each for each in there if each.port == named), OnUsb("", named))
        _require(board, found)
    else:
        found = _one(board, [each for each in there if _shows(each, board)])
    if found.port and (by := holder(found.port)):
        raise in_use(found.port, by)
    return found


def after_upload(board: Board, before: OnUsb, seconds: float = 20.0) -> str:
    """The board's port once its firmware is back: it goes and comes, perhaps renamed.

    `before` is what was uploaded to. Raises DeviceError when none comes, several do, or the board
    stays in its boot loader."""
    deadline, since = time.monotonic() + seconds, time.monotonic()
    found: list[OnUsb] = []
    while time.monotonic() < deadline:
        now = _back(board, before)
        if now != found:
            found, since = now, time.monotonic()
        if found and time.monotonic() - since > _SETTLED:
            return _one(board, found).port
        time.sleep(0.05)
    if asleep := waiting(board):
        raise DeviceError(
            f"The {board.name} stays in its boot loader ({asleep[0].name}) after the upload.",
            f"{_capital(board.usb.leave or 'reset it')}; if it comes back there, flash it again.",
        )
    others = [each.port for each in on_usb() if each.port]
    raise DeviceError(
        f"No port on USB is a {board.name} ({', '.join(board.usb.program) or 'no numbers known'}).",
        "Plug it in, or name its port with --port. "
        + (f"There is {', '.join(others)}." if others else "There are none at all."),
    )


def _back(board: Board, before: OnUsb) -> list[OnUsb]:
    """What may be the board that was uploaded to: what is in its socket, since its old name may by
    now be another board's; of several ports there, and else, what has its name, else what has its
    numbers."""
    there = [each for each in on_usb() if each.port and not in_boot_loader(each, board)]
    if before.location:
        there = [each for each in there if each.location == before.location]
    same = [each for each in there if each.port == before.port]
    if before.location:
        return same or there
    if not same and not before.numbers:  # of a serial line that is none of USB
        lines = [port for port in list_ports.comports() if port.vid is None]
        same = [before for port in lines if port.device == before.port]
    return same or [each for each in there if runs_program(each, board)]


def _one(board: Board, found: Sequence[OnUsb]) -> OnUsb:
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise DeviceError(
            f"Several ports may be the {board.name}: {names}.", "Name one with --port."
        )
    return next(iter(found), OnUsb(""))


def _require(board: Board, found: OnUsb) -> None:
    """That numbers which some board is known by are this board's."""
    others = [each.name for each in all_boards() if _shows(found, each)]
    if others and not _shows(found, board):
        raise BoardError(
            f"The port {found.port} is a {' or '.join(others[:_MANY])} ({found.numbers}), and no "
            f"{board.name}.",
            f"Name the board that it is: --board {others[0]}, or the right port with --port.",
        )


def _shows(found: OnUsb, board: Board) -> bool:
    return found.numbers in (*board.usb.program, *board.usb.bootloader)


def boot_loader(board: Board, found: OnUsb) -> DeviceError:
    """The error for a board from which a firmware was expected to answer."""
    leave = f"{board.usb.leave} to start its program, or " if board.usb.leave else ""
    return DeviceError(
        f"The {board.name} is in its boot loader ({found.name}), where no firmware answers.",
        _capital(f"{leave}flash it: edgeinfer flash MODEL --board {board.name}"),
    )


def why_silent(port: str, said: Sequence[str] = ()) -> DeviceError | None:
    """Why nothing answers at a port where it `said` these lines; None if nobody knows."""
    here = next((each for each in on_usb() if each.port == port), OnUsb("", port))
    for board in all_boards():
        asleep = in_boot_loader(here, board)
        words = board.usb.bootloader_says
        if asleep or (words and any(words in line for line in said)):
            return boot_loader(board, here)
    by = holder(port)
    return in_use(port, by) if by else None


def in_use(port: str, by: str = "") -> DeviceError:
    """The error for a port that is not free."""
    return DeviceError(
        f"The port {port} is in use by {by or 'another program'}.",
        f"Close {by.split(' (')[0]}, then repeat." if by else "Close that program.",
    )


def holder(port: str) -> str:
    """Who else has a port open, as "NAME (process N)"; "" if nobody is seen to. On Linux only, and
    of other users only root sees."""
    target = os.path.realpath(port)
    boards = {each.pid for each in emulator.running()}  # which are the other end
    for process in _PROCESSES.glob("[0-9]*"):
        if int(process.name) in {os.getpid(), *boards}:
            continue
        try:
            if any(str(each.readlink()) == target for each in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"{name} (process {process.name})"
        except OSError:
            continue
    return ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
