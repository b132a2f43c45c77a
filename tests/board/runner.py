# SPDX-License-Identifier: Apache-2.0
"""MLPerf Tiny's runner as a board sees it: the same bytes at the same times, the same patterns."""

from __future__ import annotations

import re
from typing import Self

import serial

PATIENCE = 5.0  # seconds without a line after which the official runner gives up
LOAD_BYTES = 31  # in one "db" command


class Runner:
    """A host on a board's line, without anything of edgeinfer's."""

    def __init__(self, port: str) -> None:
        self._line = serial.Serial(port, 115_200, timeout=PATIENCE)
        self.clock = 0  # the board's, in microseconds, when it last told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._line.close()

    def ask(self, command: str) -> list[str]:
        """The lines of a reply, "m-ready" included."""
        self._line.write(command.encode())
        self._line.write(b"%")
        lines: list[str] = []
        while not lines or "m-ready" not in lines[-1]:
            line = self._line.readline().decode()
            assert line.endswith("\n"), f"no answer to {command}"
            lines.append(line.strip("\r\n\0"))
        return lines

    def profile(self) -> dict[str, str]:
        """What name and profile tell: name, profile, model."""
        lines = self.ask("name") + self.ask("profile")
        found = [re.match(r"^m-(name|model|profile)-(?:dut-)?\[([^]]+)]$", line) for line in lines]
        return {each[1]: each[2] for each in found if each}

    def load(self, data: bytes) -> None:
        assert self.ask(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]", "m-ready"]
        for at in range(0, len(data), LOAD_BYTES):
            last = at + LOAD_BYTES >= len(data)
            said = self.ask(f"db {data[at : at + LOAD_BYTES].hex()}")
            assert said == (["m-load-done"] if last else []) + ["m-ready"]

    def infer(self, number: int, warmups: int) -> tuple[int, list[str]]:
        """Microseconds between the two time stamps, and the results as they are written."""
        lines = self.ask(f"infer {number} {warmups}")
        stamps = [int(m[1]) for line in lines if (m := re.match(r"^m-lap-us-([0-9]+)$", line))]
        (results,) = [m[1] for line in lines if (m := re.match(r"^m-results-\[([^]]+)\]$", line))]
        start, end = stamps
        self.clock = end
        return end - start, results.split(",")
