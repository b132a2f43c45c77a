# SPDX-License-Identifier: Apache-2.0
"""A debugger's line to an emulated board: its memory, read and written while it stands still."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from pathlib import Path

_CHUNK = 1024  # bytes of memory in a packet


class Debugger:
    """GDB's remote protocol on a UNIX socket; the processor stands still while it is open."""

    def __init__(self, path: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(10)
        self.line.connect(str(path))
        self.got = b""
        self.ask("?")

    def __enter__(self) -> Debugger:
        return self

    def __exit__(self, *error: object) -> None:
        self.ask("D")  # let go: the processor runs on
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
        self.line.sendall(f"${command}#{sum(command.encode()) % 256:02x}".encode())

    def packet(self) -> str:
        """What the board says next."""
        while (found := re.search(rb"\$([^#]*)#..", self.got)) is None:
            part = self.line.recv(65536)
            if not part:
                raise ConnectionError("the board is gone")
            self.got += part
        self.got = self.got[found.end() :]
        self.line.sendall(b"+")
        return found[1].decode()

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory."""
        parts = [
            self.ask(f"m{address + at:x},{min(_CHUNK, size - at):x}")
            for at in range(0, size, _CHUNK)
        ]
        return bytes.fromhex("".join(parts))

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        for at in range(0, len(data), _CHUNK):
            part = data[at : at + _CHUNK]
            assert self.ask(f"M{address + at:x},{len(part):x}:{part.hex()}") == "OK"


def connect(path: Path, seconds: float = 10) -> Debugger:
    """The debugger of a board that may just be starting."""
    end = time.monotonic() + seconds
    while True:
        try:
            return Debugger(path)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def symbol(elf: Path, name: str, nm: str) -> tuple[int, int]:
    """Address and size of a variable of a program."""
    lines = subprocess.run([nm, "-S", elf], capture_output=True, text=True, check=True).stdout
    (found,) = [line.split() for line in lines.splitlines() if line.split()[-1] == name]
    return int(found[0], 16), int(found[1], 16)
