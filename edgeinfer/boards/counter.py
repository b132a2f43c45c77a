# SPDX-License-Identifier: Apache-2.0
"""What emulators need of ours (firmware/emulator), built when first needed: plugins of QEMU that
count, and the program around simavr."""

import subprocess
import tempfile
import zlib
from pathlib import Path

from edgeinfer import paths
from edgeinfer.errors import BoardError


def plugin(kind: str) -> Path:
    """The plugin firmware/emulator/<kind>.c as a shared library in the cache.

    Raises BoardError when this PC's C compiler fails."""
    return _built(kind, ".so", ("-shared", "-fPIC"), "gcc libc6-dev")


def program(kind: str) -> Path:
    """The program firmware/emulator/<kind>.c, around the library of that name, in the cache.

    Raises BoardError when this PC's C compiler fails or the library is missing."""
    return _built(kind, "", (f"-l{kind}",), f"gcc lib{kind}-dev")


def _built(kind: str, suffix: str, flags: tuple[str, ...], packages: str) -> Path:
    folder = paths.share("firmware") / "emulator"
    source = folder / f"{kind}.c"
    crc = 0
    for part in sorted(folder.iterdir()):
        crc = zlib.crc32(part.read_bytes(), crc)
    library = paths.cache_dir() / f"{kind}-{crc:08x}{suffix}"
    if library.is_file():
        return library
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        made = Path(scratch) / library.name
        command = ["gcc", "-O2", "-o", str(made), str(source), *flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or [""]
            raise BoardError(
                f"The emulator's part {source.name} does not build: {lines[0]}.",
                f"Install what it needs: sudo apt-get install {packages}",
            )
        made.replace(library)  # whole for whoever looks at the same time
    return library
