# SPDX-License-Identifier: Apache-2.0
"""A board in Python on a pseudo-terminal, whose line can be made to go wrong."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

INFO = """m-ei-protocol-[1]\r
m-ei-board-[fake]\r
m-ei-timer-[none]\r
m-ei-model-[echo]\r
m-ei-inputs-[300]\r
m-ei-outputs-[300]\r
m-ei-hz-[1000000]\r
m-ei-steps-[1]\r
m-ei-image-[100]\r
m-ei-crc-[1]\r
m-ei-keeps-[1]\r
"""

READY = b"m-ready\r\n"

Fault = Callable[[bytes], bytes]


class FakeBoard:
    """Speaks the protocol; its model gives its input back.

    `damage_in` and `damage_out` change what is received and sent."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self.damage_in: Fault = lambda data: data
        self.damage_out: Fault = lambda data: data
        self.input = bytearray(300)
        self.commands: list[str] = []
        self.late = 0.0  # seconds before each m-ready
        self.info = INFO
        self.selftest = "fail 00000001 00000002"
        self._payload: tuple[int, int, bytes, bytes] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()

    def unplug(self) -> None:
        if not self._stopped.is_set():
            self._stopped.set()
            self._thread.join()
            os.close(self._master)
            os.close(self._slave)

    def _serve(self) -> None:
        pending = b""
        while not self._stopped.is_set():
            if select.select([self._master], [], [], 0.01)[0]:
                pending += self.damage_in(os.read(self._master, 4096))
            while True:
                if self._payload is not None:
                    at, n, crc, tag = self._payload
                    if len(pending) < n:
                        break
                    data, pending = pending[:n], pending[n:]
                    self._payload = None
                    self._take(at, data, crc, tag)
                elif b"%" in pending:
                    command, pending = pending.split(b"%", 1)
                    self._answer(command)
                else:
                    break

    def _take(self, at: int, data: bytes, crc: bytes, tag: bytes) -> None:
        if zlib.crc32(data) != int(crc, 16):
            self._say(b"e-[Bytes were garbled]\r\nm-ready\r\n")
            return
        self.input[at : at + len(data)] = data
        self._end(b"m-ei-go\r\n", f"m-ei-block-[{at + len(data)}]\r\n".encode(), tag)

    def _answer(self, command: bytes) -> None:
        self.commands.append(command.decode("latin-1"))
        text, _, tag = command.removeprefix(b"ei ").rpartition(b"~")
        words = text.split()
        try:
            good = zlib.crc32(text + bytes.fromhex(tag[:2].decode())) == int(tag[2:], 16)
        except (ValueError, UnicodeDecodeError):
            good = False
        if not command:
            self._say(b"m-ready\r\n")
        elif command == b"name":
            self._say(b"m-name-dut-[fake]\r\nm-ready\r\n")
        elif not command.startswith(b"ei ") or not good:
            self._say(b"e-[Bytes were garbled]\r\nm-ready\r\n")
        elif words[0] == b"block":
            self._say(b"m-ei-go\r\n")
            self._payload = (int(words[1]), int(words[2]), words[3], tag)
        elif words[0] == b"info":
            self._end(b"", self.info.encode(), tag)
        elif words[0] == b"run":
            self._end(b"", b"m-ei-run-[5]\r\n" * int(words[1]), tag)
        elif words[0] == b"out":
            hexed = [self.input[i : i + 32].hex() for i in range(0, 300, 32)]
            self._end(b"", "".join(f"m-ei-out-[{h}]\r\n" for h in hexed).encode(), tag)
        elif words[0] == b"selftest":
            self._end(b"", f"m-ei-selftest-[{self.selftest}]\r\n".encode(), tag)
        else:
            self._end(b"", b"e-[No input: load it with db]\r\n", tag)

    def _end(self, said: bytes, body: bytes, tag: bytes) -> None:
        end = b"m-ei-end-%s-%08x\r\nm-ready\r\n" % (tag[:2], zlib.crc32(said + body))
        self._say(body + end)

    def _say(self, data: bytes) -> None:
        end = self.late and data.endswith(READY)
        os.write(self._master, self.damage_out(data.removesuffix(READY) if end else data))
        if end:
            time.sleep(self.late)
            os.write(self._master, READY)
