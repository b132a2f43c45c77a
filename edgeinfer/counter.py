# SPDX-License-Identifier: Apache-2.0
"""Plugins of QEMU that count (firmware/emulator), built when first needed."""

import subprocess
import tempfile
import zlib
from pathlib import Path

from edgeinfer import paths
from edgeinfer.errors import BoardError


def plugin(kind: str) -> Path:
    """The plugin firmware/emulator/<kind>.c as a shared library in the cache.

    Raises BoardError when this PC's C compiler fails."""
    folder = paths.share("firmware") / "emulator"
    source = folder / f"{kind}.c"
    crc = 0
    for part in sorted(folder.iterdir()):
        crc = zlib.crc32(part.read_bytes(), crc)
    library = paths.cache_dir() / f"{kind}-{crc:08x}.so"
    if library.is_file():
        return library
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        made = Path(scratch) / library.name
        command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(made), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or [""]
            raise BoardError(
                f"QEMU's plugin {source.name} does not build: {lines[0]}.",
                "Install gcc: sudo apt-get install gcc libc6-dev",
            )
        made.replace(library)  # whole for whoever looks at the same time
    return library
