# SPDX-License-Identifier: Apache-2.0
"""A Linux machine as a board: firmware is copied to it over ssh and served through ssh.

The firmware's serial line is its standard input and output, and so ssh's. It ends when ssh does."""

import os
import platform
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edgeinfer.errors import BoardError, DeviceError, EdgeinferError

SSH = "EDGEINFER_SSH"  # environment: another ssh command, or more options
_OPTIONS = (
    *("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
    *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"),
)
_FOLDER = '"${XDG_CACHE_HOME:-$HOME/.cache}/edgeinfer"'
_COPY_SECONDS = 300.0
_ASK_SECONDS = 30.0
# ssh closes what it inherits; a shell keeps the pseudo-terminal open while no host is there.
_HOLD = '"$@"; exit $?'
_SSH_FAILED = 255  # its exit status when it is ssh that failed, and not the command


@dataclass(frozen=True)
class Remote:
    """`target` is what ssh takes: [USER@]HOST, a name of ~/.ssh/config, or ssh://USER@HOST:PORT."""

    target: str

    def __post_init__(self) -> None:
        if not self.target or self.target.startswith("-") or re.search(r"\s", self.target):
            raise BoardError(
                f"'{self.target}' is no machine that ssh could reach.",
                "Give USER@HOST, for example --ssh pi@raspberrypi.local.",
            )

    def require(self, machines: tuple[str, ...], board: str) -> None:
        """That it answers and its processor runs what is built for the board; `machines` are the
        names that uname has for such, none for this PC's.

        Raises DeviceError when it cannot be reached, BoardError for another processor."""
        found = self._ask("uname -sm").split()
        wanted = machines or (platform.machine(),)
        if len(found) != 2 or found[0] != "Linux" or found[1] not in wanted:
            raise BoardError(
                f"{self.target} is {' '.join(found) or 'no Linux machine'}, and {board}'s firmware "
                f"is for Linux on {' or '.join(wanted)}.",
                "Name the board that it is with --board; 'edgeinfer boards' lists them.",
            )

    def copy(self, program: Path, name: str) -> None:
        """Put a program there, whole or not at all. Raises DeviceError."""
        data = program.read_bytes()
        new = f"{_FOLDER}/{name}.new"
        script = (
            f"mkdir -p {_FOLDER} && cat > {new} && [ $(wc -c < {new}) -eq {len(data)} ] "
            f"&& chmod +x {new} && mv {new} {_FOLDER}/{name}"
        )
        self._ask(script, data, _COPY_SECONDS)

    def serving(self, name: str) -> list[str]:
        """The command here whose standard input and output is the program's line."""
        return ["sh", "-c", _HOLD, "sh", *self._command(f"exec {_FOLDER}/{name}")]

    def _command(self, script: str) -> list[str]:
        # A user's shell may be no Bourne shell.
        told = f"exec sh -c {shlex.quote(script)}"
        return [*shlex.split(os.environ.get(SSH, "ssh")), *_OPTIONS, "--", self.target, told]

    def _ask(self, script: str, data: bytes = b"", seconds: float = _ASK_SECONDS) -> str:
        """What a script there says."""
        command = self._command(script)
        try:
            done = subprocess.run(
                command,
                input=data,
                capture_output=True,
                timeout=seconds,
                check=False,
                env=os.environ | {"LC_ALL": "C"},
            )
        except FileNotFoundError as error:
            raise BoardError(
                f"{command[0]} is not installed.",
                "Install it with: sudo apt-get install openssh-client",
            ) from error
        except OSError as error:
            raise BoardError(
                f"{command[0]} does not start: {error.strerror}.", f"Look at {SSH}."
            ) from error
        except subprocess.TimeoutExpired as error:
            raise DeviceError(
                f"{self.target} does not answer in {seconds:.0f} seconds.",
                "Check that it is on and its network works.",
            ) from error
        if done.returncode:
            raise self._failure(done.returncode, done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")

    def _failure(self, status: int, said: str) -> EdgeinferError:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        last = lines[-1].rstrip(".") if lines else f"exit status {status}"
        if status != _SSH_FAILED:
            return DeviceError(
                f"{self.target} cannot take the firmware: {last}.",
                "See that its disk is not full, and that you may write to ~/.cache there.",
            )
        if "Host key verification failed" in said:
            changed = "IDENTIFICATION HAS CHANGED" in said
            return DeviceError(
                f"{self.target} has {'another' if changed else 'an unknown'} host key.",
                f"Log in once by hand, and read what it says: ssh {self.target}",
            )
        if "Permission denied" in said or "Too many authentication failures" in said:
            return DeviceError(
                f"{self.target} accepts none of your keys.",
                f"Give it one: ssh-copy-id {self.target}",
            )
        return DeviceError(
            f"{self.target} cannot be reached: {last}.",
            f"Check that it is on and its network works: ssh {self.target}",
        )
