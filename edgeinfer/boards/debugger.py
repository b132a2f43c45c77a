# SPDX-License-Identifier: Apache-2.0
"""The debug port of an emulated board: GDB's remote protocol, as much of it as flashing needs.

https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html"""

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from edgeinfer.errors import DeviceError

CHUNK = 1024  # bytes of memory in a packet; QEMU takes packets of 4 KB, in hexadecimal digits
SECONDS = 10.0  # for an answer
_ATTEMPTS = 100
_RESET = "qRcmd," + b"system_reset".hex()


class Debugger:
    """The processor stands still while this is open. `name` is the board's, for sentences.

    All methods raise DeviceError when the board does not answer."""

    def __init__(self, path: Path, name: str = "the board") -> None:
        self._name, self._got = name, b""
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(SECONDS)
        try:
            self._connect(path)
            self.ask("?")
        except BaseException:
            self.line.close()
            raise

    def _connect(self, path: Path) -> None:
        with self._answering():
            for _ in range(_ATTEMPTS):
                with contextlib.suppress(ConnectionRefusedError):  # it is about to listen
                    self.line.connect(str(path))
                    return
                time.sleep(0.01)
            raise ConnectionError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Let go; unless something went wrong the processor runs on."""
        try:
            if error[:1] in ((), (None,)):
                self.ask("D")
        finally:
            self.line.close()

    def ask(self, command: str) -> str:
        """The reply to a command."""
        self.say(command)
        reply = self.packet()
        while command != "?" and reply.startswith("T"):  # it says once more that it stands still
            reply = self.packet()
        return reply

    def say(self, command: str) -> None:
        """A command whose reply is not waited for."""
        with self._answering():
            self.line.sendall(f"${command}#{sum(command.encode()) % 256:02x}".encode())

    def packet(self) -> str:
        """What the board says next."""
        with self._answering():
            while (found := re.search(rb"\$([^#]*)#..", self._got)) is None:
                part = self.line.recv(65536)
                if not part:
                    raise ConnectionError
                self._got += part
            self._got = self._got[found.end() :]
            self.line.sendall(b"+")
        return found[1].decode()

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory."""
        found = b""
        while len(found) < size:
            at, count = address + len(found), min(CHUNK, size - len(found))
            reply = self.ask(f"m{at:x},{count:x}")
            if len(reply) != 2 * count:  # E and a number
                raise self._refuses(f"read at 0x{at:08X}")
            found += bytes.fromhex(reply)
        return found

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory, also into what the program itself cannot write, such as flash."""
        for at in range(0, len(data), CHUNK):
            part = data[at : at + CHUNK]
            self._told(f"M{address + at:x},{len(part):x}:{part.hex()}", "written")

    def set_registers(self, values: dict[int, int]) -> None:
        """Registers of 32 bits, by GDB's numbers for them."""
        all_of_them = bytearray.fromhex(self.ask("g"))
        for number, value in values.items():
            all_of_them[4 * number : 4 * number + 4] = value.to_bytes(4, "little")
        self._told(f"G{all_of_them.hex()}", "written")

    def step(self) -> None:
        """Run one instruction."""
        self.say("s")
        self.packet()

    def reset(self) -> None:
        """Reset processor and peripherals, not memory; the processor stands at its first step."""
        self._told(_RESET, "reset")

    def _told(self, command: str, what: str) -> None:
        if self.ask(command) != "OK":
            raise self._refuses(what)

    def _refuses(self, what: str) -> DeviceError:
        return DeviceError(
            f"The emulator of {self._name} refuses to be {what} through its debug port.",
            f"Plug it in again: edgeinfer boards --stop {self._name}",
        )

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise self._silent() from None
        except OSError as error:
            raise DeviceError(
                f"The emulator of {self._name} ended.", "'edgeinfer boards' says why."
            ) from error

    def _silent(self) -> DeviceError:
        return DeviceError(
            f"The emulator of {self._name} does not answer at its debug port.",
            "Close a debugger that has it open, or unplug the board: "
            f"edgeinfer boards --stop {self._name}",
        )
