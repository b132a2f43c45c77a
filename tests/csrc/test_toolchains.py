# SPDX-License-Identifier: Apache-2.0
"""The C library compiles without a warning for every core that a board names, for Xtensa, and for
AVR, whose int has 16 bits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgeinfer import native
from edgeinfer.boards.board import all_boards
from edgeinfer.boards.toolchains import TOOLCHAINS
from tests.compiling import objects
from tests.conftest import ROOT, need

WARNINGS = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Wstrict-prototypes", "-Werror"]
CORES = {
    (
        f"{TOOLCHAINS[board.toolchain].prefix}gcc",
        *board.cpu_flags,
        *TOOLCHAINS[board.toolchain].library_flags,
    )
    for board in all_boards()
    if board.toolchain != "native" and not board.arduino
}
# Debian has the compiler of the ESP8266 without a C library: these declarations stand in.
XTENSA = ("xtensa-lx106-elf-gcc", "-ffreestanding")
AVR = ("avr-gcc", "-mmcu=atmega328p")
STRING_H = """#include <stddef.h>
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
"""


@pytest.mark.parametrize(
    "compiler", sorted({*CORES, XTENSA, AVR}), ids=lambda words: " ".join(words)
)
def test_no_warnings(compiler: tuple[str, ...], tmp_path: Path) -> None:
    need(compiler[0])
    flags = [*compiler[1:], *WARNINGS, f"-I{ROOT / 'csrc'}"]
    if compiler == XTENSA:
        (tmp_path / "string.h").write_text(STRING_H)
        flags.append(f"-I{tmp_path}")
    flags = [flag for flag in flags if not flag.startswith("--specs=nano")]
    sources = sorted((ROOT / "csrc").glob("*.c")) + sorted((ROOT / "csrc" / "kernels").glob("*.c"))
    assert sources
    _, said = objects([compiler[0], *flags], sources, tmp_path)
    assert "warning" not in said


def test_parameters_lie_alike_where_nothing_is_aligned(tmp_path: Path) -> None:
    """AVR pads no struct. With the host's size, every field is at the host's place."""
    need(AVR[0])
    ffi, _ = native.library("host")
    for kernel in native.kernel_names():
        name = f"ei_{kernel}_params"
        check = f"typedef char as_on_the_host[sizeof({name}) == {ffi.sizeof(name)} ? 1 : -1];"
        source = tmp_path / f"{kernel}.c"
        source.write_text(f'#include "kernels/{kernel}.c"\n{check}\n')
        command = [*AVR, "-std=c99", f"-I{ROOT / 'csrc'}", "-fsyntax-only", str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
