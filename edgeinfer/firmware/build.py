# SPDX-License-Identifier: Apache-2.0
"""Build a board's firmware around an image with PlatformIO, and measure it."""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgeinfer import paths
from edgeinfer.boards.board import Board
from edgeinfer.boards.toolchains import TOOLCHAINS, Toolchain
from edgeinfer.errors import BoardError, FitError
from edgeinfer.firmware.project import Parts, write

COMMAND_BUFFER = 128  # bytes, rounded up
RING_BUFFER = 128  # bytes of firmware/src/ring.c, which is for boards without system or framework
COMMAND_BYTES = 81  # of firmware/src/serial.c
_LAST = 400  # characters in which an uploader says how far it is
_BAR = 50  # characters of avrdude's bar
_MEMORIES = {
    "FLASH": "flash",
    "text": "flash",
    "program": "flash",
    "data": "RAM",
    "SLOW": "RAM",
}  # as tools say
# How PlatformIO says that it has no connection, or no such package.
_UNFETCHED = r"HTTPClientError|InternetConnectionError|UnknownPackageError|VCSBaseException|fatal: "


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
    image_ram_bytes: int = 0  # of a board that has its constants in RAM
    slow_bytes: int = 0  # of arena and serial buffers: those in a second, slower RAM


def require_tools(board: Board) -> None:
    """Raises BoardError naming the first tool that is missing and the command that installs it."""
    for tool, package in needed_tools(board).items():
        if shutil.which(tool) is None:
            raise BoardError(
                f"{tool} is not installed; {board.name} needs it.",
                f"Install it with: sudo apt-get install {package}",
            )
    for core in board.arduino_core[:1]:
        if not Path(core).is_dir():
            raise BoardError(
                f"There is no Arduino core in {core}; {board.name} needs it.",
                f"Install it with: sudo apt-get install {TOOLCHAINS[board.toolchain].package}",
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
    compiles = bool(toolchain.package) and board.local  # a public platform brings its compiler
    needed = {f"{toolchain.prefix}gcc": toolchain.package} if compiles else {}
    if board.emulator and board.arduino:
        needed |= {"simavr": "simavr libsimavr-dev", "gcc": "gcc libc6-dev"}
    elif board.emulator:
        emulator = board.emulator[0]
        system = "qemu-system-arm" if emulator == "qemu-system-arm" else "qemu-system-misc"
        needed[emulator] = system if emulator.startswith("qemu-system-") else "qemu-user"
        if board.hosted:
            needed["gcc"] = "gcc libc6-dev"  # for the plugin that counts instructions
    return needed


def build(
    parts: Parts,
    project_name: str = "",
) -> Firmware:
    """Compile and link.

    Raises BoardError when a tool is missing or fails, FitError when memory runs out at linking."""
    board = parts.board
    require_tools(board)
    folder = project_folder(project_name or board.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        write(parts, folder)
        log = run_platformio(folder, board)
        elf = _elf(folder, board)
        if board.whole:
            return _measure_whole(elf, parts, log)
        if board.hosted:
            return _measure_hosted(elf, parts)
        return _measure(elf, TOOLCHAINS[board.toolchain])


def built(board: Board) -> Path | None:
    """The firmware that was last built for this board; None when there is none."""
    elf = _elf(project_folder(board.folder), board)
    return elf if elf.is_file() else None


def project_folder(name: str) -> Path:
    """Where the project of this name is."""
    return paths.cache_dir() / "projects" / name


def _elf(folder: Path, board: Board) -> Path:
    return folder / ".pio" / "build" / board.name / "firmware.elf"


def run_platformio(
    folder: Path, board: Board, *options: str, watch: Callable[[float], None] | None = None
) -> str:
    """`pio run` in a project's folder; what it printed. `watch` is told the share of an upload that
    is done.

    Raises FitError for a program that is too large, BoardError for any other failure."""
    environment = os.environ | {
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_NO_ANSI": "true",
    }
    if board.local:
        environment["PLATFORMIO_CORE_DIR"] = str(paths.cache_dir() / "platformio")
    command = [sys.executable, "-m", "platformio", "run", "-d", str(folder), "-e", board.name]
    command += options
    if watch:
        status, text = _watched(command, environment, watch)
    else:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        status, text = done.returncode, done.stdout + done.stderr
    log = folder / "build.log"
    log.write_text(text, encoding="utf-8")
    if status == 0:
        return text
    over = re.search(r"region [`'](\w+)' overflowed by (\d+) bytes", text)
    if over:
        raise does_not_fit(board, _MEMORIES.get(over[1], over[1]), int(over[2]))
    over = re.search(r"The (\w+) size \((\d+) bytes\) is greater than .*?\((\d+) bytes\)", text)
    if over:
        raise does_not_fit(board, _MEMORIES.get(over[1], over[1]), int(over[2]) - int(over[3]))
    if not board.local and re.search(_UNFETCHED, text):
        raise BoardError(
            f"PlatformIO could not fetch '{board.platform}', which builds for {board.name}.",
            "Connect this PC to the internet once and repeat; or write the project with --project "
            "DIR and build it where there is a connection.",
        )
    if "upload" in options and re.search(r"^\*\*\* \[upload\]|^Error: .*port", text, re.MULTILINE):
        by_hand = f"; if it does not react, {board.usb.enter} and repeat" if board.usb.enter else ""
        raise BoardError(
            f"The upload to {board.name} failed.",
            "Plug it in, close programs that use its port, or name it with --port"
            f"{by_hand}. See {log}.",
        )
    wrong = re.search(r"^.*(?:\berror: |undefined reference).*$", text, re.MULTILINE)
    what = f": {wrong[0].strip()}" if wrong else ""
    raise BoardError(f"The firmware for {board.name} does not build{what}.", f"See {log}.")


def _watched(
    command: list[str], environment: dict[str, str], watch: Callable[[float], None]
) -> tuple[int, str]:
    """Run a command; its exit status and what it printed, at which is looked as it comes."""
    said = b""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        while more := os.read(process.stdout.fileno(), 65_536):
            said += more
            share = uploaded_share(said.decode("utf-8", "replace"))
            if share is not None:
                watch(share)
    return process.returncode, said.decode("utf-8", "replace")


def uploaded_share(said: str) -> float | None:
    """How much uploaders say is written, in 0..1: the last percentage, or avrdude's bar."""
    _, begun, said = said.rpartition("Uploading ")
    last = said[-_LAST:]
    bars = re.findall(r"Writing +\| (#*)", last)
    if bars and not re.search(r"Writing +\| #* *\| *100%", last):
        return min(len(bars[-1]) / _BAR, 1.0)
    shares = re.findall(r"(\d{1,3}(?:\.\d+)?) ?%", last)
    return min(float(shares[-1]) / 100, 1.0) if begun and shares else None


def does_not_fit(board: Board, memory: str, by: int) -> FitError:
    """The error for a model that needs `by` bytes more than the board's "flash" or "RAM"."""
    return FitError(
        f"The model does not fit {board.name}: {memory} is short by {by:,} bytes.",
        "Take a smaller model or another board; 'edgeinfer inspect MODEL' lists those it fits.",
    )


def _measure(elf: Path, toolchain: Toolchain) -> Firmware:
    text = _output(f"{toolchain.prefix}size", "-A", str(elf))
    fast = (".text", ".model", ".stack", ".data", ".serial", ".arena", ".bss")
    size = dict.fromkeys((*fast, ".slow_arena", ".slow_serial"), 0)
    for name, number in re.findall(r"^(\.\w+)\s+(\d+)\s", text, re.MULTILINE):
        size[name] = int(number)
    return Firmware(
        elf=elf,
        code_bytes=size[".text"] + size[".data"],
        image_bytes=size[".model"],
        static_ram_bytes=size[".data"] + size[".bss"],
        arena_bytes=size[".arena"] + size[".slow_arena"],
        stack_bytes=size[".stack"],
        serial_bytes=size[".serial"] + size[".slow_serial"],
        slow_bytes=size[".slow_arena"] + size[".slow_serial"],
    )


def _measure_whole(elf: Path, parts: Parts, log: str) -> Firmware:
    """The same of a program of Arduino's, whose framework counts as code and variables of its own,
    or of any that a public platform has built."""
    if parts.board.local:
        size = _output(f"{TOOLCHAINS[parts.board.toolchain].prefix}size", str(elf))
        text, data, bss = (int(n) for n in size.split("\n")[1].split()[:3])
        flash, ram = text + data, data + bss
    else:
        used = dict(re.findall(r"^(RAM|Flash): .*\(used (\d+) bytes", log, re.MULTILINE))
        flash, ram = int(used["Flash"]), int(used["RAM"])
    image = len(parts.models.image)
    serial = parts.input_bytes + COMMAND_BYTES + parts.smp_bytes
    ram -= parts.store.size if parts.store else 0
    if TOOLCHAINS[parts.board.toolchain].bare:
        serial += RING_BUFFER
        ram -= parts.board.stack_bytes
    arena = parts.arena_bytes
    constants = image if parts.board.constants_in_ram else 0
    return Firmware(
        elf=elf,
        code_bytes=flash - image,
        image_bytes=image,
        static_ram_bytes=ram - arena - serial - constants,
        arena_bytes=arena,
        stack_bytes=parts.board.stack_bytes,
        serial_bytes=serial,
        image_ram_bytes=constants,
    )


def _measure_hosted(elf: Path, parts: Parts) -> Firmware:
    """The same of a Linux program, whose C library counts as code and variables of its own."""
    prefix = TOOLCHAINS[parts.board.toolchain].prefix
    size, symbols = _output(f"{prefix}size", "-A", str(elf)), _output(f"{prefix}nm", str(elf))
    model = int(re.search(r"^\.model\s+(\d+)", size, re.MULTILINE)[1])  # type: ignore[index]
    text, data = (int(n) for n in _output(f"{prefix}size", str(elf)).split("\n")[1].split()[:2])
    address = {name: int(at, 16) for at, name in re.findall(r"^(\w+) \w (\w+)$", symbols, re.M)}
    variables = address["_end"] - address["__data_start"]
    serial = parts.input_bytes + parts.smp_bytes
    return Firmware(
        elf=elf,
        code_bytes=text + data - model,
        image_bytes=model,
        static_ram_bytes=variables - parts.arena_bytes - serial,
        arena_bytes=parts.arena_bytes,
        stack_bytes=parts.board.stack_bytes,
        serial_bytes=serial,
    )


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One build at a time in this folder, also between processes."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
