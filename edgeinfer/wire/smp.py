# SPDX-License-Identifier: Apache-2.0
"""SMP on a board's line (docs/protocol.md): requests, and the upload of a model.

The package smp knows messages and framing; the line is link.py's. A request is sent again, with a
number of its own, until its reply is whole."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from edgeinfer.errors import DeviceError
from edgeinfer.wire.link import SLOWEST, Link

OS, IMAGE, MODEL = 0, 1, 17737  # groups; the last is edgeinfer's own
READ, WRITE = 0, 2
ATTEMPTS = 8
PLAIN = 2  # of them, after which all goes in pieces
LINE_BYTES = 127
_HEADER = 8  # bytes of a message before its map
_FRAME = 4  # bytes of a packet beside its message
_SHORTEST = 96  # bytes of a map that are sent on a line as bad as can be
_GROW = 16  # good packets after which longer ones are tried
_FORGOTTEN = 3  # uploads begun again because the board was reset
_QUICK, _ROUNDS = 0.1, 6  # seconds for a reply at least; or so many times what the last one took
_SLOW = 2 / SLOWEST  # seconds for a byte, there and back
_WORK, _WORK_BYTES = 2.0, 20_000  # seconds in which a board proves so many bytes of an image

Progress = Callable[[int, int], None]  # bytes done, bytes in all
Map = dict[str, Any]


class Refused(DeviceError):
    """The board understood, and will not or cannot."""


class Silent(DeviceError):
    """No whole reply came."""


@dataclass(frozen=True)
class Firmware:
    """What the board says of its firmware. Sizes in bytes."""

    board: str
    kernels: frozenset[str] | None  # None: all there are
    arena_bytes: int
    slots: int
    slot_bytes: int  # of an image at most


class Smp:
    """The protocol on an open line; the board is in step already."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._packets, self._cbor = _modules()
        self._sequence = itertools.count(int(time.monotonic() * 1000))  # unlike the last host's
        self._quick, self._rate = link.timeout, _SLOW

    def request(
        self,
        group: int,
        command: int,
        op: int,
        body: Map,
        seconds: float = 0.0,
        attempts: int = ATTEMPTS,
    ) -> Map:
        """The map of the reply; `seconds` is how long the board may work beside talking.

        Raises Refused, or Silent when no whole reply comes."""
        data = self._cbor.dumps(body, canonical=True)
        attempt = 0
        while attempt < attempts:
            sequence = next(self._sequence) % 256
            head = bytes([8 | op, 0, len(data) >> 8, len(data) & 255, group >> 8, group & 255])
            message = head + bytes([sequence, command]) + data
            self._link.send(b"".join(self._packets.encode(message, LINE_BYTES)))
            begin = time.monotonic()
            patience = min(self._quick * 2**attempt, 4 * self._link.timeout) + seconds
            patience += min(self._rate * 2**attempt, _SLOW) * len(data)
            address = head[4:6] + bytes([sequence, command])
            reply = self._reply(8 | op + 1, address, begin + patience)
            if reply is None:
                attempt += 1
                if attempt == PLAIN and self._link.armour():
                    attempt = 0
                continue
            took = time.monotonic() - begin
            self._quick = max(_QUICK, _ROUNDS * took)
            self._rate = min(_ROUNDS * took / len(data), _SLOW)
            if reply.get("rc"):
                reason = str(reply.get("rsn") or f"error {reply['rc']}")
                raise Refused(f"The board says: {reason}.")
            return reply
        raise Silent(
            f"The board on {self._link.port} does not answer SMP.",
            "Its line may be bad, or its firmware without SMP: flash it without --no-smp, or with "
            "a smaller model.",
        )

    def _reply(self, op: int, address: bytes, deadline: float) -> Map | None:
        """The reply's map; None when none came whole. What else is on the line is passed over."""
        decoder = None
        while (line := self._link.read_line(deadline)) is not None:
            start = line.find(b"\x06\x09")
            if start >= 0:
                decoder = self._packets.decode()
                next(decoder)
            if decoder is None:
                continue
            try:
                decoder.send(line[max(start, 0) :] + b"\n")
            except StopIteration as whole:
                message, decoder = bytes(whole.value), None
            except Exception:  # whatever damage does to base64, lengths and CRC
                decoder = None
                continue
            else:
                continue
            if message[:1] != bytes([op]) or message[4:_HEADER] != address:
                continue  # a late reply to what was asked before
            found = self._map(message[_HEADER:])
            if found is not None:
                return found
        return None

    def _map(self, data: bytes) -> Map | None:
        try:
            found = self._cbor.loads(data)
        except Exception:  # it has a kind of its own for each way to be wrong
            return None
        return found if isinstance(found, dict) else None

    def firmware(self) -> Firmware:
        """Raises DeviceError when the board does not answer, or not sensibly."""
        said = self.request(MODEL, 0, READ, {}, attempts=3)
        try:
            kernels = str(said["kernels"])
            return Firmware(
                board=str(said["board"]),
                kernels=None if kernels == "*" else frozenset(kernels.split()),
                arena_bytes=int(said["arena"]),
                slots=int(said["slots"]),
                slot_bytes=int(said.get("slot_bytes", 0)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._senseless() from error

    def upload(self, image: bytes, progress: Progress | None = None) -> int:
        """Bring an image into a free slot; what an earlier attempt brought is not sent again.

        Packets are as long as the board takes them, and shorter on a bad line. Returns the number
        of bytes that were there already. Raises Refused when the board does not take the image,
        Silent when the line is dead."""
        longest = int(self.request(OS, 6, READ, {}).get("buf_size", 0)) - _FRAME - _HEADER
        if longest < _SHORTEST:
            raise self._senseless()
        resumed = at = self._begin(image)
        room, forgotten, good = longest, 0, 0
        while at < len(image):
            body = {"off": at, "data": b""} if at else self._opening(image)
            taken = len(self._cbor.dumps(body, canonical=True)) + 2  # of the data's length
            chunk = image[at : at + room - taken]
            body["data"], last = chunk, at + len(chunk) == len(image)
            work = _WORK * (1 + len(image) // _WORK_BYTES) if last else 0.0
            attempts = ATTEMPTS if room == _SHORTEST or last else 2
            try:
                at = self._next(self.request(IMAGE, 1, WRITE, body, work, attempts), image)
            except Silent:
                if room == _SHORTEST:
                    raise
                room, good = max(_SHORTEST, room // 2), 0
                continue
            except Refused as error:
                if forgotten == _FORGOTTEN or "No upload" not in error.what:
                    raise
                at, forgotten = self._begin(image), forgotten + 1  # it was reset
                continue
            good += 1
            if good % _GROW == 0:
                room = min(longest, 2 * room)
            if progress:
                progress(at, len(image))
        return resumed

    def _begin(self, image: bytes) -> int:
        """The byte from which on the board wants it."""
        return self._next(self.request(IMAGE, 1, WRITE, self._opening(image)), image)

    def _opening(self, image: bytes) -> Map:
        sha = hashlib.sha256(image).digest()
        return {"off": 0, "len": len(image), "sha": sha, "data": b""}

    def _next(self, reply: Map, image: bytes) -> int:
        at = reply.get("off")
        if not isinstance(at, int) or not 0 <= at <= len(image):
            raise self._senseless()
        return at

    def switch(self, image: bytes, keep: bool = True) -> None:
        """Run an image that was uploaded, after a reset too if it is to be kept."""
        body = {"hash": hashlib.sha256(image).digest(), "confirm": keep}
        self.request(IMAGE, 0, WRITE, body, _WORK * (1 + len(image) // _WORK_BYTES))

    def _senseless(self) -> DeviceError:
        return DeviceError(
            f"The board on {self._link.port} gives an answer that makes no sense.",
            "Flash it again with this version of edgeinfer.",
        )


def _modules() -> tuple[ModuleType, ModuleType]:
    """smp's framing, and CBOR. Raises DeviceError when they are not installed."""
    try:
        import cbor2
        from smp import packet
    except ImportError as error:
        raise DeviceError(
            "smp is not installed; uploading models needs it.",
            "Install it with: pip install 'edgeinfer[flash]'",
        ) from error
    return packet, cbor2
