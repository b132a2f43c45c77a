# SPDX-License-Identifier: Apache-2.0
"""A bad serial line made good: everything goes in small numbered pieces, each until it has passed
(docs/protocol.md). firmware/src/armour.c is the other end."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from typing import NamedTuple

import serial

from edgeinfer.errors import DeviceError

START, TEXT = 0x1E, 16  # first byte, and the characters of base64 after it
DATA = 8  # bytes of data in a piece at most
OPENS, ASKS = 0x10, 0x20  # flags: a new session; a piece is wanted back
GREETING = b"%" * 64  # enough for a board to give pieces up, also on a bad line
_NUMBERS = 16  # are counted modulo this
_MOST = 5  # pieces under way at a time
_OPENING = 1.5  # seconds for a board to prove that it knows pieces
_SILENT = 5.0  # seconds without any piece after which a board that was sent some is given up
_QUICK, _SLOW = 0.004, 0.25  # seconds until it is asked again, at least and at most
_TURN = 0.002  # seconds that a read may last when nothing comes
_PIECE_BITS = 10 * (1 + TEXT)


class Piece(NamedTuple):
    """What the board sends."""

    number: int  # its own
    wanted: int  # that of the host's next piece
    data: bytes
    ahead: int  # bits: which pieces behind that one it has already


def encode(number: int, wanted: int, data: bytes, flags: int) -> bytes:
    """A piece as it goes over the line."""
    body = bytes([number << 4 | wanted, flags | len(data)]) + data.ljust(DATA, b"\0")
    return bytes([START]) + base64.b64encode(body + binascii.crc_hqx(body, 0).to_bytes(2, "big"))


def decode(text: bytes) -> Piece | None:
    """The piece of 16 characters; None if it is damaged."""
    try:
        body = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    count = body[1] & 0x0F
    if binascii.crc_hqx(body, 0) != 0 or count > DATA:
        return None
    return Piece(body[0] >> 4, body[0] & 0x0F, body[2 : 2 + count], body[1] >> 4)


class Armour:
    """Takes the place of pyserial's open line. `timeout`: seconds that a read waits at most."""

    def __init__(self, line: serial.SerialBase, baud: int, name: str) -> None:
        self._line, self._name = line, name
        self._piece_seconds = _PIECE_BITS / baud
        self._number = self._wanted = 0
        self._inbox = bytearray()
        self._raw = b""
        self._usual = 0.02  # seconds until the first answer, when nothing holds it up
        self._ask_after = 2 * self._usual
        self.timeout = 0.05

    def open(self) -> bool:
        """Begin a session; whether the board knows how."""
        self._line.timeout = _TURN
        self._number, self._wanted = secrets.randbelow(_NUMBERS), secrets.randbelow(_NUMBERS)
        opening = encode(self._number, self._wanted, b"", OPENS | ASKS)
        deadline = time.monotonic() + _OPENING
        while time.monotonic() < deadline:
            begin = time.monotonic()
            self._line.write(opening)
            while (piece := self._next(begin + 2 * self._ask_after)) is not None:
                if piece == Piece(self._wanted, self._number, b"", 0):
                    self._took(time.monotonic() - begin)
                    return True
        return False

    def write(self, data: bytes) -> int:
        """Returns when the board has all of it. Raises DeviceError when it says nothing more."""
        pieces = [data[at : at + DATA] for at in range(0, len(data), DATA)]
        first = begun = silent = 0  # piece that is to be had next, those ever sent, bursts unheard
        there: set[int] = set()  # those after it that the board has
        heard = time.monotonic()
        while first < len(pieces):
            burst = [i for i in range(first, len(pieces))[:_MOST] if i not in there]
            begun = max(begun, burst[-1] + 1)
            begin = time.monotonic()
            # Two ask: if the reply to one is lost, the other one's may not be.
            self._line.write(
                b"".join(self._encoded(i, pieces[i], ASKS * (i in burst[-2:])) for i in burst)
            )
            sending = len(burst) * self._piece_seconds
            until = begin + sending + min(self._ask_after * 2**silent, _SLOW)
            answered = False
            while burst and (piece := self._next(until)) is not None:
                if not answered:  # others follow at once
                    now, answered = time.monotonic(), True
                    self._took(now - begin)
                    until = min(until, now + _TURN + sending)
                self._keep(piece)
                passed = (piece.wanted - self._number - first) % _NUMBERS
                if passed <= begun - first:
                    first += passed
                    there |= {first + 1 + k for k in range(_MOST - 1) if piece.ahead >> k & 1}
                    burst = [i for i in burst if i >= first and i not in there]
            silent = 0 if answered else silent + 1
            if answered:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENT:
                raise DeviceError(
                    f"The board on {self._name} does not finish its answer: nothing passes.",
                    "Reset the board, and look at its cable.",
                )
        self._number = (self._number + len(pieces)) % _NUMBERS
        return len(data)

    def _encoded(self, index: int, data: bytes, flags: int) -> bytes:
        """The piece that comes so many after the last one that the board has."""
        return encode((self._number + index) % _NUMBERS, self._wanted, data, flags)

    def read(self, size: int = 1) -> bytes:
        """What has come, at most so many bytes; b"" when nothing comes in `timeout` seconds."""
        deadline, wait = time.monotonic() + self.timeout, self._ask_after
        while not self._inbox and time.monotonic() < deadline:
            piece = self._next(min(time.monotonic() + wait, deadline))
            if piece is not None:
                self._keep(piece)
            else:  # what it had to say may be lost
                self._line.write(self._encoded(0, b"", ASKS))
                wait = min(1.5 * wait, _SLOW)
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def _keep(self, piece: Piece) -> None:
        """Put the next data into the inbox, and let the board go on."""
        if piece.data and piece.number == self._wanted:
            self._inbox += piece.data
            self._wanted = (self._wanted + 1) % _NUMBERS
            self._line.write(self._encoded(0, b"", 0))

    def _took(self, seconds: float) -> None:
        """The first answer came after so long."""
        self._usual = min(seconds, 1.1 * self._usual)
        self._ask_after = min(max(2 * (self._usual + self._piece_seconds), _QUICK), _SLOW)

    def _next(self, deadline: float) -> Piece | None:
        """The next piece that comes whole; None at the deadline."""
        while True:
            at = self._raw.find(START)
            if at < 0:
                self._raw = b""
            elif len(self._raw) > at + TEXT:
                piece = decode(self._raw[at + 1 : at + 1 + TEXT])
                self._raw = self._raw[at + (1 if piece is None else 1 + TEXT) :]
                if piece is not None:
                    return piece
                continue
            if time.monotonic() >= deadline:
                return None
            self._raw += self._line.read(max(1, self._line.in_waiting))

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""
        return len(self._inbox)

    def reset_input_buffer(self) -> None:
        """Forget what has come."""
        self._inbox.clear()

    def close(self) -> None:
        """Have the board give pieces up, and close the line."""
        self._line.write(GREETING)
        self._line.close()
