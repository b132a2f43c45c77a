# SPDX-License-Identifier: Apache-2.0
"""Build a board's firmware around an image with PlatformIO.

The project's platformio.ini is generated from boards/<name>.toml, and the sources are the package's
own: that is why a new board stays one file. Generated are lists and data only, never code."""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgeinfer import paths
from edgeinfer.boards import Board
from edgeinfer.errors import BoardError, FitError
from edgeinfer.image import read_image
from edgeinfer.toolchains import TOOLCHAINS, Toolchain

STATIC_RESERVE = 1024  # bytes of RAM that the firmware's own variables may take
COMMAND_BUFFER = 128  # bytes, rounded up


@dataclass(frozen=True)
class Firmware:
    """A built firmware. Sizes in bytes."""

    elf: Path
    code_bytes: int  # flash beyond the image
    image_bytes: int
    static_ram_bytes: int  # RAM beyond arena, stack and serial buffers
    arena_bytes: int
    stack_bytes: int
    serial_bytes: int


def require_tools(board: Board) -> None:
    """Raises BoardError naming the first tool that is missing and the command that installs it."""
    for tool, package in needed_tools(board).items():
        if shutil.which(tool) is None:
            raise BoardError(
                f"{tool} is not installed; {board.name} needs it.",
                f"Install it with: sudo apt-get install {package}",
            )
    for module, package in (("platformio", "platformio"), ("SCons", "scons")):
        if importlib.util.find_spec(module) is None:
            raise BoardError(
                f"{package} is not installed; flashing needs it.",
                "Install it with: pip install 'edgeinfer[flash]'",
            )


def needed_tools(board: Board) -> dict[str, str]:
    """Programs that building for this board and running it need, and their Debian packages."""
    toolchain = TOOLCHAINS[board.toolchain]
    needed = {f"{toolchain.prefix}gcc": toolchain.package}
    if board.emulator:
        emulator = board.emulator[0]
        system = "qemu-system-arm" if emulator == "qemu-system-arm" else "qemu-system-misc"
        needed[emulator] = system if emulator.startswith("qemu-system-") else "qemu-user"
        if board.hosted:
            needed["gcc"] = "gcc libc6-dev"  # for the plugin that counts instructions
    return needed


def build(
    image: bytes,
    board: Board,
    *,
    kernels: tuple[str, ...],
    arena_bytes: int,
    input_bytes: int,
    project_name: str = "",
) -> Firmware:
    """Compile and link. `input_bytes` is the size of the input's own buffer, 0 for none.

    Raises BoardError when a tool is missing or fails, FitError when memory runs out at linking."""
    require_tools(board)
    folder = paths.cache_dir() / "projects" / (project_name or board.name)
    generated = folder / "generated"
    generated.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        config = {
            "EI_BOARD": f'"{board.name}"',
            "EI_TIMER": f'"{board.timer}"',
            "EI_CLOCK_HZ": f"{board.clock_hz}u",
            "EI_BAUD": f"{board.baud}u",
            "EI_UART_BASE": f"0x{board.uart_base:08X}u",
            "EI_UART_IRQ": f"{board.uart_irq}u",
            "EI_STACK_BYTES": f"{board.stack_bytes}u",
            "EI_ARENA_BYTES": f"{arena_bytes}u",
            "EI_INPUT_BYTES": f"{input_bytes}u",
            "EI_IMAGE_CRC": f"0x{read_image(image).crc:08X}u",
        }
        text = "".join(f"#define {name} {value}\n" for name, value in config.items())
        _write(generated / "config.h", text.encode())
        _write(
            generated / "kernel_list.inc", "".join(f"EI_KERNEL({k})\n" for k in kernels).encode()
        )
        _write(generated / "memory.ld", memory_script(board).encode())
        _write(generated / "model.bin", image)
        _write(folder / "platformio.ini", _project(board, generated, kernels).encode())
        _run_platformio(folder, board)
        elf = _elf(folder, board)
        if board.hosted:
            return _measure_hosted(elf, board, arena_bytes, input_bytes)
        return _measure(elf, TOOLCHAINS[board.toolchain])


def built(board: Board) -> Path | None:
    """The firmware that was last built for this board; None when there is none."""
    elf = _elf(paths.cache_dir() / "projects" / board.name, board)
    return elf if elf.is_file() else None


def _elf(folder: Path, board: Board) -> Path:
    return folder / ".pio" / "build" / board.name / "firmware.elf"


def memory_script(board: Board) -> str:
    """The linker's MEMORY of a board."""
    return (
        "MEMORY {\n"
        f"  FLASH (rx) : ORIGIN = 0x{board.flash_origin:08X}, LENGTH = {board.flash_bytes}\n"
        f"  RAM (rwx) : ORIGIN = 0x{board.ram_origin:08X}, LENGTH = {board.ram_bytes}\n"
        "}\n"
    )


def _project(board: Board, generated: Path, kernels: tuple[str, ...]) -> str:
    firmware = paths.share("firmware")
    local, toolchain = board.platform == "local", TOOLCHAINS[board.toolchain]
    parts = {"cpu": toolchain.cpu, "port": board.port, "timer": board.timer}
    sources = [f"-<{kind}_*.c> +<{kind}_{name}.c>" for kind, name in parts.items()]
    if not toolchain.bare:
        sources.append("-<bare.c>")
    options = {
        "platform": f"symlink://{firmware / 'platform'}" if local else board.platform,
        "board": board.platformio_board,
        "framework": board.framework,
        "build_src_filter": " ".join(["+<*>", *sources]),
        "custom_toolchain": toolchain.prefix,
        "custom_cpu_flags": " ".join(board.cpu_flags),
        "custom_library_flags": " ".join(toolchain.library_flags),
        "custom_bare": "yes" if toolchain.bare else "",
        "custom_generated": str(generated),
        "custom_csrc": str(paths.share("csrc")),
        "custom_kernels": " ".join(library_sources(kernels)),
        # PlatformIO starts afresh when this file changes: objects of other sources never stay.
        "custom_sources": f"{_sources_crc():08x}",
    }
    lines = ["[platformio]", f"src_dir = {firmware / 'src'}", f"[env:{board.name}]"]
    lines += [f"{key} = {value}" for key, value in options.items() if value]
    return "\n".join(lines) + "\n"


def library_sources(kernels: tuple[str, ...]) -> list[str]:
    """The .c files of csrc that run an image with these kernels."""
    return ["image.c", "exec.c", *(f"kernels/{kernel}.c" for kernel in kernels)]


def _sources_crc() -> int:
    """CRC-32 of all that is compiled."""
    crc = 0
    for folder in ("csrc", "firmware"):
        for file in sorted(paths.share(folder).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                crc = zlib.crc32(file.read_bytes(), crc)
    return crc


def _run_platformio(folder: Path, board: Board) -> None:
    environment = os.environ | {
        "PLATFORMIO_CORE_DIR": str(paths.cache_dir() / "platformio"),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_NO_ANSI": "true",
    }
    command = [sys.executable, "-m", "platformio", "run", "-d", str(folder), "-e", board.name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    log = folder / "build.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode == 0:
        return
    over = re.search(r"region [`'](\w+)' overflowed by (\d+) bytes", log.read_text("utf-8"))
    if over:
        raise does_not_fit(board, {"FLASH": "flash"}.get(over[1], over[1]), int(over[2]))
    wrong = re.search(
        r"^.*(?:\berror: |undefined reference).*$", log.read_text("utf-8"), re.MULTILINE
    )
    what = f": {wrong[0].strip()}" if wrong else ""
    raise BoardError(f"The firmware for {board.name} does not build{what}.", f"See {log}.")


def does_not_fit(board: Board, memory: str, by: int) -> FitError:
    """The error for a model that needs `by` bytes more than the board's "flash" or "RAM"."""
    return FitError(
        f"The model does not fit {board.name}: {memory} is short by {by:,} bytes.",
        "Take a smaller model or another board; 'edgeinfer inspect MODEL' lists those it fits.",
    )


def _measure(elf: Path, toolchain: Toolchain) -> Firmware:
    text = _output(f"{toolchain.prefix}size", "-A", str(elf))
    size = dict.fromkeys((".text", ".model", ".stack", ".data", ".serial", ".arena", ".bss"), 0)
    for name, number in re.findall(r"^(\.\w+)\s+(\d+)\s", text, re.MULTILINE):
        size[name] = int(number)
    return Firmware(
        elf=elf,
        code_bytes=size[".text"] + size[".data"],
        image_bytes=size[".model"],
        static_ram_bytes=size[".data"] + size[".bss"],
        arena_bytes=size[".arena"],
        stack_bytes=size[".stack"],
        serial_bytes=size[".serial"],
    )


def _measure_hosted(elf: Path, board: Board, arena_bytes: int, input_bytes: int) -> Firmware:
    """The same of a Linux program, whose C library counts as code and variables of its own."""
    prefix = TOOLCHAINS[board.toolchain].prefix
    size, symbols = _output(f"{prefix}size", "-A", str(elf)), _output(f"{prefix}nm", str(elf))
    model = int(re.search(r"^\.model\s+(\d+)", size, re.MULTILINE)[1])  # type: ignore[index]
    text, data = (int(n) for n in _output(f"{prefix}size", str(elf)).split("\n")[1].split()[:2])
    address = {name: int(at, 16) for at, name in re.findall(r"^(\w+) \w (\w+)$", symbols, re.M)}
    variables = address["_end"] - address["__data_start"]
    return Firmware(
        elf=elf,
        code_bytes=text + data - model,
        image_bytes=model,
        static_ram_bytes=variables - arena_bytes - input_bytes,
        arena_bytes=arena_bytes,
        stack_bytes=board.stack_bytes,
        serial_bytes=input_bytes,
    )


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _write(file: Path, content: bytes) -> None:
    """Only when it differs: an edit of platformio.ini makes PlatformIO build everything anew."""
    if not file.is_file() or file.read_bytes() != content:
        file.write_bytes(content)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One build at a time in this folder, also between processes."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
