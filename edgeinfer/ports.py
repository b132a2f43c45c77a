# SPDX-License-Identifier: Apache-2.0
"""Serial ports of real boards, found by the USB numbers in boards/*.toml."""

import time

from serial.tools import list_ports

from edgeinfer.boards import Board
from edgeinfer.errors import DeviceError

_SETTLED = 1.0  # seconds that a port must have been there: one that is about to go is of no use


def matching(board: Board) -> list[str]:
    """Names of the ports that show one of the board's VID:PID."""
    return sorted(
        port.device
        for port in list_ports.comports()
        if port.vid is not None and f"{port.vid:04x}:{port.pid:04x}" in board.usb
    )


def on_usb(port: str) -> bool:
    """Whether a port is one on USB, which may reset its board when it is opened."""
    return any(p.device == port and p.vid is not None for p in list_ports.comports())


def before_upload(board: Board, named: str = "") -> str:
    """The port to upload to: `named` if it is given, else the board's, or "" while it shows none.

    Raises DeviceError when several match."""
    found = [named] if named else matching(board)
    if len(found) > 1:
        raise DeviceError(
            f"Several ports may be the {board.name}: {', '.join(found)}.", "Name one with --port."
        )
    return next(iter(found), "")


def after_upload(board: Board, named: str = "", seconds: float = 20.0) -> str:
    """The board's port once it is back: after an upload it goes and comes, perhaps renamed.

    Raises DeviceError when none comes, or several do."""
    deadline, since = time.monotonic() + seconds, time.monotonic()
    found: set[str] = set()
    while time.monotonic() < deadline:
        now = {named} & {p.device for p in list_ports.comports()} or set(matching(board))
        if now != found:
            found, since = now, time.monotonic()
        if found and time.monotonic() - since > _SETTLED:
            return before_upload(board, found.pop() if len(found) == 1 else "")
        time.sleep(0.05)
    others = ", ".join(sorted(p.device for p in list_ports.comports() if p.vid is not None))
    raise DeviceError(
        f"No port on USB is a {board.name} ({', '.join(board.usb) or 'no numbers known'}).",
        "Plug it in, or name its port with --port. "
        + (f"There is {others}." if others else "There are none at all."),
    )
