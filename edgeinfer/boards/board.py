# SPDX-License-Identifier: Apache-2.0
"""boards/<name>.toml → Board: facts off the data sheet, and how the board is flashed.

A table `real` in an emulated board's file has what differs on the board itself, if PlatformIO
builds for that as well."""

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeinfer import paths
from edgeinfer.boards.toolchains import FROM_PLATFORM, NATIVE, TOOLCHAINS
from edgeinfer.errors import BoardError

VERIFIED = ("none", "build", "emulator", "hardware")
OWN_BYTES = 1024  # what the firmware's own variables may take
MICROS_HZ, BAUD = 1_000_000, 115_200  # of the Arduino framework's clock; where no other is named
LOCAL = "local"  # the platform of firmware/platform
RAM_STORE, SLOT_HEADER_BYTES = "ram", 64  # firmware/src/store_ram.c and slots.c
ROOMY = 65_536  # bytes of RAM that leave some for a long packet of SMP
_LEAST_RAM = 16_384  # bytes, for SMP beside Arduino's framework
SMALL = "small"  # pairs for the fewest kernels, in firmware that is compiled for size
CYCLE_COUNTERS = ("dwt", "ccount", "mpccr", "mcycle")  # Cortex-M, Xtensa, ESP32-C3, other RISC-V
LAYOUTS = ("pairs", "rows", "quads", SMALL)  # of filters in an image: csrc/isa/<layout>.h


@dataclass(frozen=True)
class Store:
    """Memory where a firmware keeps uploaded models."""

    kind: str  # firmware/src/store_<kind>.c
    origin: int  # its address, where that matters
    size: int  # bytes
    block_bytes: int  # that are erased together

    @property
    def slots(self) -> int:
        """Two, to write one while the other one is in use; one where it is RAM, which is scarce."""
        return 1 if self.kind == RAM_STORE else 2

    @property
    def slot_bytes(self) -> int:
        """Of an image at most."""
        each = self.size // self.slots // self.block_bytes * self.block_bytes
        return each - SLOT_HEADER_BYTES


@dataclass(frozen=True)
class Usb:
    """What a board shows on USB, as "VID:PID" in hex, and what its boot loader wants of people."""

    program: tuple[str, ...] = ()  # of the port at which its firmware answers
    bootloader: tuple[str, ...] = ()  # of what is there instead, perhaps without a port
    bootloader_says: str = ""  # on the firmware's own port, while it waits for a program
    enter: str = ""  # how a person gets into the boot loader: "press …"
    leave: str = ""  # how out of it
    resets: bool = False  # whenever a host opens the port


@dataclass(frozen=True)
class Board:
    name: str
    title: str
    verified: str  # what it was really tried on, one of VERIFIED
    core: str  # "cortex-m4f" …
    cpu_flags: tuple[str, ...]  # of gcc
    layout: str  # of filters: one of LAYOUTS, the one that its kernels run fastest
    toolchain: str  # one of TOOLCHAINS
    core_hz: int  # of the processor
    clock_hz: int  # of the timer that counts ticks
    cycle_counter: str  # what counts its processor's cycles; "": nothing, or what an emulator makes
    flash_origin: int
    flash_bytes: int
    ram_origin: int
    ram_bytes: int
    slow_ram_origin: int  # a second, slower RAM, for what the first has no room for
    slow_ram_bytes: int  # 0: there is none
    stack_bytes: int  # reserved in RAM
    own_bytes: int  # of RAM that firmware and framework take at most for variables of their own
    constants_in_ram: bool  # the image too: flash cannot be read as memory is
    port: str  # firmware/src/port_<port>.c
    timer: str  # firmware/src/timer_<timer>.c
    uart_base: int
    uart_irq: int
    baud: int
    smp_bytes: int  # of RAM for a packet of SMP, 0 for a board without
    store: Store | None  # for uploaded models, beside what RAM is left
    platform: str  # PlatformIO platform; "local" is firmware/platform
    platformio_board: str
    framework: str
    build_flags: tuple[str, ...]
    options: dict[str, str]  # more of platformio.ini
    arduino_core: tuple[str, ...]  # for the local platform: the core's folder, and the variant
    usb: Usb
    emulator: tuple[str, ...]  # command line; empty for a real board
    icount_shift: int  # an emulated instruction takes 2**icount_shift ns
    pins: dict[str, int]  # what is built in: GPIO numbers by name
    two_sided: bool  # it is emulated, and there is a real one: `real_board`

    @property
    def emulated(self) -> bool:
        return bool(self.emulator)

    @property
    def hosted(self) -> bool:
        """Whether its firmware is a Linux program."""
        return TOOLCHAINS[self.toolchain].cpu == "linux"

    @property
    def has_debug_port(self) -> bool:
        """Whether it is a machine of QEMU, which is flashed through its debug port."""
        return self.emulated and not self.hosted and not self.arduino

    @property
    def arduino(self) -> bool:
        """Whether its firmware is a program of the Arduino framework."""
        return self.framework == "arduino"

    @property
    def folder(self) -> str:
        """The name of its project's folder, and of no other board's."""
        return f"{self.name}.real" if self.two_sided and not self.emulated else self.name

    @property
    def local(self) -> bool:
        """Whether its firmware is built by firmware/platform, and not by a public platform."""
        return self.platform == LOCAL

    @property
    def whole(self) -> bool:
        """Whether its project has all sources in it, instead of naming this package's."""
        return self.arduino or not self.local

    @property
    def store_in_flash(self) -> bool:
        """Whether its store takes the end of the flash where firmware lies too."""
        end = self.flash_origin + self.flash_bytes
        return self.store is not None and self.flash_origin < self.store.origin < end

    @property
    def counts_instructions(self) -> bool:
        """Whether its timer is an emulator's count, and not time."""
        return self.emulated and not self.arduino

    @property
    def runs_here(self) -> bool:
        """Whether this machine, or an emulator on it, is the board."""
        return self.emulated or self.toolchain == NATIVE

    @property
    def unit(self) -> str:
        """What `amount` makes of ticks: instructions (in an emulator), cycles or microseconds."""
        if self.counts_instructions:
            return "instructions"
        return "cycles" if self.cycle_counter else "us"

    def amount(self, ticks: int) -> int:
        """Ticks of the board's timer in `unit`, rounded."""
        if self.cycle_counter:
            return ticks
        nanoseconds_per_unit = 2**self.icount_shift if self.counts_instructions else 1000
        per_second = self.clock_hz * nanoseconds_per_unit
        return (ticks * 10**9 + per_second // 2) // per_second


def load_board(name: str) -> Board:
    """Raises BoardError when no such board is known."""
    names = board_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise BoardError(
            f"There is no board {name!r}.", f"{hint}'edgeinfer boards' lists them all."
        )
    return _read(_file(name))


def real_board(board: Board) -> Board:
    """The real one of a board that is emulated, too; any other as it is."""
    return _read(_file(board.name), real=True) if board.two_sided else board


def layout_for(board: Board | None, small: bool = False) -> str:
    """The layout of filters that a board's core runs fastest, without a board the usual one; or
    that of the least code."""
    if small:
        return SMALL
    return board.layout if board else LAYOUTS[0]


def board_names() -> list[str]:
    return sorted(file.stem for file in paths.share("boards").glob("*.toml"))


def all_boards() -> list[Board]:
    return [load_board(name) for name in board_names()]


def _file(name: str) -> Path:
    return paths.share("boards") / f"{name}.toml"


def _read(file: Path, real: bool = False) -> Board:
    try:
        facts = _facts(file)
        two_sided = "real" in facts
        if real:
            facts = _over(facts, facts["real"])
            del facts["emulator"]
        emulator, build = facts.get("emulator", {}), facts["platformio"]
        arduino = build.get("framework") == "arduino"
        core, memory = facts["core"], facts["memory"]
        firmware = facts.get("firmware", {}) if arduino else facts["firmware"]
        counter = str(core.get("cycle_counter", ""))
        ticks_hz = int(emulator.get("ticks_hz", core["clock_hz"]))
        board = Board(
            name=file.stem,
            title=str(facts["title"]),
            verified=str(facts["verified"]),
            core=str(core["name"]),
            cpu_flags=tuple(core.get("flags", ()) if arduino else core["flags"]),
            layout=str(core.get("layout", LAYOUTS[0])),
            toolchain=str(core.get("toolchain", FROM_PLATFORM) if arduino else core["toolchain"]),
            core_hz=int(core["clock_hz"]),
            clock_hz=MICROS_HZ if arduino and not counter else ticks_hz,
            cycle_counter=counter,
            flash_origin=int(memory.get("flash_origin", 0)),
            flash_bytes=int(memory["flash_bytes"]),
            ram_origin=int(memory.get("ram_origin", 0)),
            ram_bytes=int(memory["ram_bytes"]),
            slow_ram_origin=int(memory.get("slow_ram_origin", 0)),
            slow_ram_bytes=int(memory.get("slow_ram_bytes", 0)),
            stack_bytes=int(memory["stack_bytes"]),
            own_bytes=int(memory.get("own_bytes", OWN_BYTES)),
            constants_in_ram=bool(memory.get("constants_in_ram", False)),
            port="arduino" if arduino else str(firmware["port"]),
            timer=counter or "micros" if arduino else str(firmware["timer"]),
            uart_base=int(firmware.get("uart_base", 0)),
            uart_irq=int(firmware.get("uart_irq", 0)),
            baud=int(firmware.get("baud", BAUD) if arduino else firmware["baud"]),
            smp_bytes=int(firmware.get("smp_bytes", _smp_bytes(memory["ram_bytes"], arduino))),
            store=_store(facts["store"]) if "store" in facts else None,
            platform=str(build["platform"]),
            platformio_board=str(build.get("board", "")),
            framework=str(build.get("framework", "")),
            build_flags=tuple(build.get("flags", ())),
            options={str(k): str(v) for k, v in build.get("options", {}).items()},
            arduino_core=tuple(build.get("core", ())),
            usb=_usb(facts["usb"]) if "usb" in facts else Usb(),
            emulator=tuple(emulator.get("command", ())),
            icount_shift=int(emulator.get("icount_shift", 0)),
            pins={str(name): int(number) for name, number in facts.get("pins", {}).items()},
            two_sided=two_sided,
        )
    except KeyError as error:
        raise BoardError(
            f"{file} lacks {error}.", "Compare it with another board's file."
        ) from error
    except (OSError, tomllib.TOMLDecodeError, TypeError, ValueError, RecursionError) as error:
        raise BoardError(f"{file} cannot be read: {error}.", "Correct this line.") from error
    if board.slow_ram_bytes and (arduino or TOOLCHAINS[board.toolchain].cpu == "linux"):
        raise BoardError(
            f"{file}: slow_ram_bytes is for firmware without an operating system or framework.",
            "Leave it out.",
        )
    for key, value, known in (
        ("verified", board.verified, VERIFIED),
        ("cycle_counter", board.cycle_counter, ("", *CYCLE_COUNTERS)),
        ("toolchain", board.toolchain, tuple(TOOLCHAINS)),
        ("layout", board.layout, LAYOUTS),
    ):
        if value not in known:
            raise BoardError(
                f"{file}: {key} = {value!r} is unknown.", f"Use one of {', '.join(known)}."
            )
    return board


def _smp_bytes(ram_bytes: int, arduino: bool) -> int:
    """Of a packet of SMP, where the board's file names no size."""
    if ram_bytes >= ROOMY:
        return 2048
    return 0 if arduino and ram_bytes < _LEAST_RAM else 256  # its framework needs some too


def _usb(facts: dict[str, Any]) -> Usb:
    return Usb(
        program=tuple(str(each).lower() for each in facts["program"]),
        bootloader=tuple(str(each).lower() for each in facts.get("bootloader", ())),
        bootloader_says=str(facts.get("bootloader_says", "")),
        enter=str(facts.get("enter", "")),
        leave=str(facts.get("leave", "")),
        resets=bool(facts.get("resets", False)),
    )


def _store(facts: dict[str, Any]) -> Store:
    return Store(
        kind=str(facts["kind"]),
        origin=int(facts.get("origin", 0)),
        size=int(facts["bytes"]),
        block_bytes=int(facts["block_bytes"]),
    )


def _facts(file: Path) -> dict[str, Any]:
    """A file's tables, on top of those of the board that it names as `like`."""
    facts: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    if "like" not in facts:
        return facts
    return _over(_facts(file.parent / f"{facts['like']}.toml"), facts)


def _over(base: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Tables, and what they say, on top of others."""
    return {
        key: base.get(key, {}) | facts.get(key, {})
        if isinstance(base.get(key, facts.get(key)), dict)
        else facts.get(key, base.get(key))
        for key in base | facts
    }
