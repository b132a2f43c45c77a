# SPDX-License-Identifier: Apache-2.0
"""Builds the program of the cases for a board, without PlatformIO, and runs it emulated."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgeinfer.boards.board import Board, layout_for, load_board
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.firmware.build import needed_tools
from edgeinfer.firmware.library import file_names
from edgeinfer.firmware.project import memory_script
from edgeinfer.image import read_image
from tests.compiling import objects
from tests.conformance.bundle import Case, bundles
from tests.conftest import ROOT

CSRC = ROOT / "csrc"

# What each core is called in the table, and the board that has it.
CORES = {
    "M0": "microbit",
    "M0 large": "mps2-an385-m0",
    "M3": "mps2-an385",
    "M4": "mps2-an386",
    "M7": "mps2-an500",
    "M33": "mps2-an505",
    "M55": "mps3-an547",
    "RV32": "riscv-virt",
    "ARM1176": "rpi-zero-w",
    "A7": "rpi2",
    "A53": "rpi3",
    "A76": "rpi5",
}
CODE_BYTES = 124 * 1024  # of flash, for all kernels
RAM_BYTES = 2048  # beyond arena and stack
LARGEST = 1 << 20  # bytes of a bundle or an arena
SECONDS = 300  # for one bundle
_FLAGS = ("-std=gnu99", "-ffunction-sections", "-fdata-sections", "-ffp-contract=off")


class Core:
    """A board with the program on it, built in `folder`; `small` as with --optimize size."""

    def __init__(self, name: str, folder: Path, small: bool = False) -> None:
        self.board: Board = load_board(CORES[name])
        self.layout = layout_for(self.board, small)
        self._flags = ("-Os", "-DEI_SMALL") if small else ("-O2",)
        self._toolchain = TOOLCHAINS[self.board.toolchain]
        self._folder = folder
        spare = self.board.ram_bytes - self.board.stack_bytes - RAM_BYTES
        self.arena = min(spare, LARGEST) & ~15
        self.flash = min(self.board.flash_bytes - CODE_BYTES, LARGEST)

    @property
    def missing(self) -> str:
        """A program that this core needs and that is not installed; empty when all are."""
        return next((tool for tool in needed_tools(self.board) if shutil.which(tool) is None), "")

    def run(self, cases: Sequence[Case]) -> dict[int, int]:
        """Bytes that differ, of each case by its index; -1 if its image was refused. Cases that do
        not fit the board are left out."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._compile(sorted({k for case in cases for k in read_image(case.image).kernels}))
        found: dict[int, int] = {}
        for bundle in bundles(cases, self.flash, self.arena):
            (self._folder / "model.bin").write_bytes(bundle)
            said = self._execute(self._link())
            if "done" not in said.split():
                raise RuntimeError(f"{self.board.name} stopped early: {said[-300:]!r}")
            for word, number, count in re.findall(r"(right|wrong|refused) (\d+) (\d+)", said):
                found[int(number)] = -1 if word == "refused" else int(count)
        return found

    def _compile(self, kernels: Sequence[str]) -> None:
        """What the cases need; that all there is compiles is tests/csrc/test_toolchains.py's."""
        board, firmware = self.board, ROOT / "firmware" / "src"
        config = {
            "EI_BOARD": f'"{board.name}"',
            "EI_CLOCK_HZ": f"{board.clock_hz}u",
            "EI_CORE_HZ": f"{board.core_hz}u",
            "EI_BAUD": f"{board.baud}u",
            "EI_UART_BASE": f"0x{board.uart_base:08X}u",
            "EI_UART_IRQ": f"{board.uart_irq}u",
            "EI_STACK_BYTES": f"{board.stack_bytes}u",
            "EI_ARENA_BYTES": f"{self.arena}u",
            "EI_INPUT_BYTES": "0",
            "EI_SMP_BYTES": "0",
            "EI_SLOTS": "0",
        }
        text = "".join(f"#define {name} {value}\n" for name, value in config.items())
        (self._folder / "config.h").write_text(text)
        (self._folder / "memory.ld").write_text(memory_script(board))
        parts = {f"cpu_{self._toolchain.cpu}", f"port_{board.port}", f"timer_{board.timer}"}
        parts |= {"serial", "fault", *(("bare", "ring") if self._toolchain.bare else ("stack",))}
        own = [ROOT / "tests" / "conformance" / "program.c"]
        own += [firmware / f"{part}.c" for part in sorted(parts)]
        (self._folder / "kernel_list.inc").write_text("".join(f"EI_KERNEL({k})\n" for k in kernels))
        chosen = [*self._command, *_FLAGS, *self._flags, '-DEI_KERNEL_LIST="kernel_list.inc"']
        objects([*chosen, *self._includes], [*own, CSRC / "exec.c"], self._folder)
        # Whose objects are the same in every folder.
        library = [CSRC / name for name in file_names(tuple(kernels)) if name != "exec.c"]
        objects([*self._command, *_FLAGS, *self._flags, f"-I{CSRC}"], library, self._folder)

    def _link(self) -> Path:
        script = ROOT / "firmware" / "link.ld"
        bare = ("-nostartfiles", f"-L{self._folder}", f"-T{script}") if self._toolchain.bare else ()
        model = ROOT / "firmware" / "src" / "model.S"
        made = sorted(self._folder.glob("*.o"))
        assembled = ("-x", "assembler-with-cpp", f"-Wa,-I{self._folder}", model, "-x", "none")
        self._gcc("-Wl,--gc-sections", *bare, *assembled, *made, "-lm", "-o", "program.elf")
        return self._folder / "program.elf"

    @property
    def _command(self) -> list[str]:
        library = self._toolchain.library_flags
        return [f"{self._toolchain.prefix}gcc", *self.board.cpu_flags, *library]

    @property
    def _includes(self) -> list[str]:
        return [f"-I{CSRC}", f"-I{ROOT / 'firmware' / 'src'}", f"-I{self._folder}"]

    def _gcc(self, *words: str | Path) -> None:
        command = [*self._command, *self._includes, *map(str, words)]
        done = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.board.name}: {done.stderr[:2000]}")

    def _execute(self, elf: Path) -> str:
        """All that the program says, up to its last word."""
        command = [*self.board.emulator, str(elf)]
        if not self.board.hosted:
            command = [*self.board.emulator, "-display", "none", "-monitor", "none"]
            command += ["-serial", "stdio", "-kernel", str(elf)]
        # Machines run on when the program has ended; `timeout` is for those that never say so.
        process = subprocess.Popen(
            ["timeout", str(SECONDS), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith(("done", "e-[fault")):
                break
        process.terminate()
        process.communicate()
        return said
