# SPDX-License-Identifier: Apache-2.0
"""Framing of the serial protocol (docs/protocol.md): commands out, replies in, whatever they mean.

A tagged command carries a sequence number and a CRC-32, and so does its reply: a changed, lost or
late byte makes the request be sent again and is never taken for an answer."""

import contextlib
import errno
import re
import time
import zlib
from collections.abc import Iterator
from typing import Any, Self

import serial

from edgeinfer.errors import DamageError, DeviceError
from edgeinfer.wire import access, ports
from edgeinfer.wire.armour import Armour
from edgeinfer.wire.copies import Copies

READY = b"m-ready"
GO = b"m-ei-go"
BLOCK = 256  # bytes of payload at most: a board that lost some takes as many terminators for them
ATTEMPTS = 4  # without any answer, or with the same complaint
MOST = 200  # while something comes back, however damaged
_TRYING = 60.0  # seconds for one request at least
SMALLEST = 8  # bytes of payload when larger blocks do not pass
PROMPT = 0.3  # seconds after which a command that is not answered may be lost
SLOWEST = 1000  # bytes per second that a line must carry at least, also on a loaded machine
_PLAIN = 2  # damaged replies to a request, after which all goes in pieces
_IN_PIECES = 10.0  # seconds for a line of them at least
_READ_SECONDS = 0.05  # that a read may last
_QUIET = 0.03  # seconds without a line after which nothing is under way any more
_BABBLE = 2000  # lines of no reply
_NOTED = 100  # lines of no firmware
_DAMAGE = ("its replies arrive damaged", "Bytes were garbled", "")  # what another attempt may mend
_END = re.compile(rb"m-ei-end-([0-9a-f]{2})-([0-9a-f]{8})")


def open_line(port: str, baud: int, patience: float = 0.0) -> serial.SerialBase:
    """A port's line, for this program alone where the system can say so.

    `patience`: seconds that it may be busy or forbidden at first: a port that has just come is
    looked at by others, and gets its permissions a little later. Raises DeviceError."""
    options: dict[str, Any] = {} if "://" in port else {"exclusive": True}
    deadline = time.monotonic() + patience
    while True:
        try:
            return serial.serial_for_url(port, baudrate=baud, timeout=_READ_SECONDS, **options)
        except (serial.SerialException, OSError, ValueError) as error:
            busy = "exclusive" in str(error) or "busy" in str(error)
            number = getattr(error, "errno", None)
            if (busy or number == errno.EACCES) and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise _unopened(port, busy, number) from error


def _unopened(port: str, busy: bool, number: int | None) -> DeviceError:
    """The error for a port that does not open, for which the system has this number."""
    if busy:
        return ports.in_use(port, ports.holder(port))
    if number == errno.EACCES:
        what = "cannot be opened: you may not use it"
        group = access.missing_group([port]) or access.GROUPS[0]
        remedy = f"Run 'sudo usermod -aG {group} $USER', then log out and in again."
    else:
        missing = ": it does not exist" if number == errno.ENOENT else ""
        what = f"cannot be opened{missing}"
        remedy = "'edgeinfer boards' lists what is running and connected."
    return DeviceError(f"The port {port} {what}.", remedy)


class Link:
    """An open serial line. `timeout`: patience for a reply that needs no work, `patience`: for a
    port that is not free yet; in seconds."""

    def __init__(
        self, port: str, baud: int = 115_200, timeout: float = 2.0, patience: float = 0.0
    ) -> None:
        self.port, self.timeout = port, timeout
        self._sequence = int(time.monotonic() * 1000) & 0xFF  # unlike that of the previous host
        self._loose = True  # an m-ready may yet come that ends none of the replies waited for
        self.said: list[str] = []  # what was heard before a greeting was answered
        self._baud = baud
        self._line: serial.SerialBase | Armour = open_line(port, baud, patience)
        self._pieces_tried = False
        self._pending = b""
        self._heard = 0  # bytes, ever

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(serial.SerialException, OSError):
            self._line.close()

    def armour(self) -> bool:
        """Have all go in pieces from here on, whatever the line does to them; once. Returns whether
        it does now and did not before: a firmware without SMP knows no pieces."""
        if self._pieces_tried:
            return False
        self._pieces_tried = True
        bare = self._line
        with self._alive():
            pieces = Armour(bare, self._baud, self.port)
            if pieces.open():
                self._line, self._pending = pieces, b""
                return True
            bare.timeout = _READ_SECONDS
        with contextlib.suppress(DeviceError):
            self.hello(self.timeout)
        return False

    def hello(
        self,
        seconds: float = 10.0,
        terminators: int = 1,
        more: int = BLOCK + 1,
        boot: float = 0.0,
    ) -> None:
        """Get in step with the board: send bare terminators until it says that it is ready.

        When they are repeated, there are `more`: enough to fill a block that an earlier host left
        unfinished. For `boot` seconds it is only listened to: what a boot loader is told may keep
        it from starting."""
        if isinstance(self._line, Armour):
            seconds = max(seconds, _IN_PIECES)
            with self._alive():
                if not self._line.open():  # perhaps it was reset
                    raise self._silent("greeting")
            self._pending = b""
        start = time.monotonic()
        while boot and (line := self.read_line(start + boot)) is not None:
            if line == READY:
                return
            self._note(line)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._loose = True
            self.send(b"%" * terminators)
            terminators = more
            patience = min(deadline, time.monotonic() + seconds / 5)
            while (line := self.read_line(patience)) not in (READY, None):
                self._note(line)
            if line == READY:
                while self.read_line(time.monotonic() + _QUIET) is not None:
                    if time.monotonic() > deadline:
                        break  # it is no board of ours that talks like this
                return
        raise DeviceError(
            f"Nothing answers on {self.port}.",
            "Check that the board is powered and was flashed by 'edgeinfer flash'.",
        )

    def _note(self, line: bytes) -> None:
        if len(self.said) < _NOTED:
            self.said.append(line.decode("latin-1"))

    def command(self, text: str, seconds: float | None = None) -> list[str]:
        """Send one plain command; the lines of its reply, without "m-ready".

        Raises DeviceError when the board complains or is silent for `seconds`."""
        if self._loose:  # a tagged reply comes after whatever was under way
            self.request("info", reply_bytes=400)
        self._discard()
        self.send(text.encode() + b"%")
        lines: list[str] = []
        patience = self.timeout if seconds is None else seconds
        while (line := self.read_line(time.monotonic() + patience)) is not None:
            if line == READY:
                _complain(lines)
                return lines
            if line:
                lines.append(line.decode("latin-1"))
        self._loose = True
        raise self._silent(text)

    def request(
        self,
        text: str,
        seconds: float | None = None,
        *,
        reply_bytes: int = 0,
        payload: bytes = b"",
        attempts: int = MOST,
    ) -> list[str]:
        """Send "ei <text>", tagged, until its reply is known; its lines.

        `seconds` is how long the board may work in silence, `reply_bytes` the reply's length,
        `payload` what the board takes when it says m-ei-go. Raises DamageError when none of
        `attempts` passed, DeviceError when the board is silent or refuses."""
        patience = self.timeout if seconds is None else seconds
        patience += (reply_bytes + len(payload) + 100) / SLOWEST
        copies, silent = Copies(), 0
        problems: list[str] = []
        limit = time.monotonic() + max(_TRYING, 10 * patience)
        while len(problems) < attempts and time.monotonic() < limit:
            self._sequence = (self._sequence + 1) & 0xFF
            crc = zlib.crc32(text.encode() + bytes([self._sequence]))
            self.send(f"ei {text}~{self._sequence:02x}{crc:08x}%".encode())
            before = self._heard
            prompt = min(PROMPT, self.timeout)
            wait = patience if seconds else min(patience, 4 * prompt * 2**silent)
            if isinstance(self._line, Armour):  # nothing is lost: there is nothing to be told twice
                prompt = wait = max(patience, _IN_PIECES)
            reply, problem = self._reply(wait, prompt, payload, copies, _BABBLE + reply_bytes // 8)
            if reply is not None:
                _complain(reply)
                return reply
            with contextlib.suppress(DeviceError):
                self.hello(self.timeout, len(payload) + 1, len(payload) + 1)
            silent = silent + 1 if self._heard == before else 0
            if silent == (1 if seconds else ATTEMPTS):  # after work the greeting says enough
                raise self._silent(text)
            problems.append(problem)
            if len(problems) == _PLAIN and problem in _DAMAGE and self.armour():
                continue
            if problem not in _DAMAGE and problems[-ATTEMPTS:] == [problem] * ATTEMPTS:
                what = f"The board does not take {text.split()[0]!r}: {problem}."
                raise DeviceError(what, _REMEDY)
        tried = f"{len(problems)} attempt{'s' if len(problems) > 1 else ''}"
        raise DamageError(
            f"The line to {self.port} loses or changes too much: "
            f"{text.split()[0]!r} did not pass in {tried}.",
            "Use a shorter or better cable, or another port.",
        )

    def _reply(
        self, patience: float, prompt: float, payload: bytes, copies: Copies, most: int
    ) -> tuple[list[str] | None, str]:
        """The lines of the reply to the last request, or None and what the board said instead.

        A reply has at most `most` lines. After `prompt` seconds of silence the board is asked
        whether it waits for more."""
        deadline = time.monotonic() + patience
        poke = time.monotonic() + prompt
        self._loose, pokes = True, 0
        lines: list[bytes] = []
        problem = ""
        while time.monotonic() < deadline and len(lines) < most:
            line = self.read_line(min(deadline, poke))
            if line is None:
                if (
                    poke <= time.monotonic() < deadline
                ):  # perhaps the terminator was lost on the way
                    self.send(b"%" * (len(payload) + 1))
                    pokes += 1
                    poke = time.monotonic() + prompt * 2**pokes
                continue
            deadline = time.monotonic() + patience
            poke = time.monotonic() + prompt * 2**pokes
            end = _END.fullmatch(line)
            if end and int(end[1], 16) == self._sequence:
                copies.add([each for each in lines if each], int(end[2], 16))
                agreed = copies.agreed()
                if agreed is not None:
                    settled = self.read_line(time.monotonic() + prompt) == READY
                    self._loose = pokes > 0 or not settled
                    return [each.decode("latin-1") for each in agreed], ""
                return None, _DAMAGE[0]
            if end:  # of a reply that had been given up
                lines = []
            elif line != READY:
                lines.append(line)
                if line == GO:
                    self.send(payload)
                continue
            problem = next((each[3:-1].decode("latin-1") for each in lines if _is_error(each)), "")
            if problem or pokes or any(each.startswith(b"m-ei-") and each != GO for each in lines):
                return None, problem
            lines = []  # what is left of earlier replies
        return None, problem

    def _silent(self, text: str) -> DeviceError:
        return DeviceError(
            f"The board on {self.port} does not finish its answer to {text.split()[0]!r}.",
            "Reset the board or flash it again.",
        )

    def send(self, data: bytes) -> None:
        """Bytes to the board, as they are. Raises DeviceError when it is gone."""
        with self._alive():
            self._line.write(data)

    def _discard(self) -> None:
        with self._alive():
            self._line.reset_input_buffer()
        self._pending = b""

    def read_line(self, deadline: float) -> bytes | None:
        """The next line, without its end; None at the deadline.

        Raises DeviceError when the board is gone."""
        while b"\n" not in self._pending:
            if time.monotonic() >= deadline:
                return None
            with self._alive():
                got = self._line.read(max(1, self._line.in_waiting))
            self._heard += len(got)
            self._pending += got
        line, self._pending = self._pending.split(b"\n", 1)
        return line.removesuffix(b"\r")

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        try:
            yield
        except (serial.SerialException, OSError, TypeError) as error:
            raise DeviceError(
                f"The board on {self.port} is gone: it was unplugged, reset or stopped.",
                "Repeat this when it is back; flash an emulated board again.",
            ) from error


_REMEDY = "Flash the board again with this version of edgeinfer."


def _is_error(line: bytes) -> bool:
    return line.startswith(b"e-[")


def _complain(lines: list[str]) -> None:
    for line in lines:
        if line.startswith("e-["):
            text = line[3:].removesuffix("]")
            remedy = _REMEDY if text.startswith(("Unknown", "Model", "fault")) else ""
            raise DeviceError(f"The board says: {text}.", remedy)
