# SPDX-License-Identifier: Apache-2.0
"""How tests compile C: what was compiled once, in an earlier run or by another worker, is known
again. Where ccache is installed, it keeps objects in build/ccache until `make clean`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edgeinfer.boards.toolchains import TOOLCHAINS

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "build" / "ccache"
PREFIXES = {toolchain.prefix for toolchain in TOOLCHAINS.values()}
COMPILERS = {prefix + language for prefix in PREFIXES for language in ("gcc", "g++")}
COMPILERS |= {"cc", "clang", "xtensa-lx106-elf-gcc"}


def know_again() -> None:
    """Has every compiler that this process starts go through ccache, by links that come first in
    PATH: PlatformIO's too."""
    ccache, links = shutil.which("ccache"), CACHE / "bin"
    if ccache is None or str(links) in os.environ["PATH"].split(os.pathsep):
        return
    links.mkdir(parents=True, exist_ok=True)
    for name in COMPILERS:
        if shutil.which(name):
            with suppress(FileExistsError):
                (links / name).symlink_to(ccache)
    os.environ["PATH"] = os.pathsep.join([str(links), os.environ["PATH"]])
    os.environ.setdefault("CCACHE_DIR", str(CACHE))
    os.environ.setdefault("CCACHE_MAXSIZE", "1G")
    # Every test has a folder of its own, and with -g an object would be known there alone.
    os.environ.setdefault("CCACHE_NOHASHDIR", "1")
    os.environ.setdefault("CCACHE_DEPEND", "1")
    os.environ.pop("CMAKE_C_COMPILER_LAUNCHER", None)  # that CMake finds is one already


def objects(command: Sequence[str], sources: Sequence[Path], folder: Path) -> tuple[list[str], str]:
    """Compiles sources one by one, as ccache wants them; the objects in `folder`, and what the
    compiler said. Raises RuntimeError with that when it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    made, said = [], ""
    for source in sources:
        made.append(str(folder / f"{source.stem}.o"))
        # Told the headers, ccache need not run the preprocessor to find them.
        words = [*command, "-MD", "-c", str(source), "-o", f"{source.stem}.o"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} {source.name}: {done.stderr}")
        said += done.stderr
    return made, said
