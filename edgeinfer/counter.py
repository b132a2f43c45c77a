# SPDX-License-Identifier: Apache-2.0
"""The plugin that counts instructions in QEMU's user-mode emulators, built when first needed."""

import subprocess
import tempfile
import zlib
from pathlib import Path

from edgeinfer import paths
from edgeinfer.errors import BoardError


def plugin() -> Path:
    """The plugin (firmware/emulator/count.c) as a shared library in the cache.

    Raises BoardError when this PC's C compiler fails."""
    source = paths.share("firmware") / "emulator" / "count.c"
    crc = zlib.crc32(source.read_bytes())
    library = paths.cache_dir() / f"count-{crc:08x}.so"
    if library.is_file():
        return library
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        made = Path(folder) / library.name
        command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(made), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or [""]
            raise BoardError(
                f"The plugin that counts instructions does not build: {lines[0]}.",
                "Install gcc: sudo apt-get install gcc libc6-dev",
            )
        made.replace(library)  # whole for whoever looks at the same time
    return library
