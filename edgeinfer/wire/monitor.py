# SPDX-License-Identifier: Apache-2.0
"""A serial monitor: bytes of a line on the terminal, keys of the terminal on the line."""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import termios
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import serial

from edgeinfer.errors import DeviceError, EdgeinferError
from edgeinfer.wire.link import open_line

LEAVE = b"\x1d"  # Ctrl-]; Ctrl-C is a signal
QUIET = 1.0  # seconds without a byte after which a board has answered what a file or pipe asked
_TURN = 0.05  # seconds that a wait may last
_FIRST = 1.0  # seconds in which who has flashed a board may talk to it first
_LOOK = 0.5  # seconds between looks at whether somebody is about to flash it


class Keys(Protocol):
    """Where keys come from: a file descriptor, as sys.stdin.buffer has one."""

    def fileno(self) -> int: ...

    def isatty(self) -> bool: ...


class Monitor:
    """`find` says which port to open, again after a line was lost; it raises while there is none,
    and when somebody is about to flash the board, to whom the line is then left.

    `show` gets what the board says, `tell` what happens to the line."""

    def __init__(
        self,
        find: Callable[[], str],
        baud: int,
        show: Callable[[str], None],
        tell: Callable[[str], None],
    ) -> None:
        self.find, self.baud, self.show, self.tell = find, baud, show, tell
        self.received = 0  # bytes
        self._text = codecs.getincrementaldecoder("utf-8")("replace")

    def run(self, keys: Keys, greeting: str, *, echo: bool = True) -> None:
        """Until Ctrl-C or Ctrl-]; without a terminal until all of `keys` is sent and answered.

        Raises DeviceError when the port cannot be opened, or is lost without a terminal."""
        line = open_line(self.find(), self.baud)
        with _unbuffered(keys), contextlib.suppress(KeyboardInterrupt):
            self.tell(greeting)
            while self._lost(line, keys, echo):
                self.tell("The line is gone; waiting for the board. Ctrl-C ends.")
                line = self._again()

    def _lost(self, line: serial.SerialBase, keys: Keys, echo: bool) -> bool:
        """Serve a line to its end; whether it broke while somebody sits at the keys."""
        try:
            self._serve(line, keys, echo)
        except (serial.SerialException, OSError, TypeError, EdgeinferError) as error:
            if not keys.isatty():
                raise DeviceError(
                    "The board is gone.", "Connect it again, or flash the emulated board."
                ) from error
            return True
        finally:
            with contextlib.suppress(serial.SerialException, OSError):
                line.close()
        return False

    def _serve(self, line: serial.SerialBase, keys: Keys, echo: bool) -> None:
        person, ended, active, looked = keys.isatty(), False, time.monotonic(), time.monotonic()
        while not (ended and time.monotonic() - active > QUIET):
            if person and time.monotonic() - looked > _LOOK:
                self.find()
                looked = time.monotonic()
            if data := line.read(max(1, line.in_waiting)):
                self.received += len(data)
                active = time.monotonic()
                self.show(self._text.decode(data))
            if ended or not select.select([keys], [], [], 0)[0]:
                continue
            typed = os.read(keys.fileno(), 1024)
            active, ended = time.monotonic(), not typed
            if person:
                typed, leave, _ = typed.partition(LEAVE)
                if echo:
                    self.show(typed.decode("utf-8", "replace"))
                line.write(typed.replace(b"\n", b"\r\n"))
                if leave:
                    return
            else:
                line.write(typed)

    def _again(self) -> serial.SerialBase:
        """The line once the board is back, perhaps elsewhere."""
        while True:
            time.sleep(_TURN)
            with contextlib.suppress(EdgeinferError):
                self.find()
                time.sleep(_FIRST)
                port = self.find()
                line = open_line(port, self.baud)
                self.tell(f"Connected to {port}.")
                return line


@contextlib.contextmanager
def _unbuffered(keys: Keys) -> Iterator[None]:
    """The terminal gives each key at once and writes none by itself."""
    if not keys.isatty():
        yield
        return
    before = termios.tcgetattr(keys.fileno())
    now = termios.tcgetattr(keys.fileno())
    now[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(keys.fileno(), termios.TCSADRAIN, now)
    try:
        yield
    finally:
        termios.tcsetattr(keys.fileno(), termios.TCSADRAIN, before)
