# SPDX-License-Identifier: Apache-2.0
"""The PlatformIO project of a board's firmware around an image.

Its platformio.ini is generated from boards/<name>.toml: that is why a new board stays one file.
Generated are lists and data only, never code. A board with a public platform gets all sources with
it, so that its project is whole wherever it lies; the others' are the package's own."""

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

from edgeinfer import native, paths
from edgeinfer.boards.board import Board, Store
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.firmware import library, tiny
from edgeinfer.firmware.models import Models
from edgeinfer.image.layout import FORMS

SOURCES = (
    *("app.h", "port.h", "main.c", "serial.c", "state.c", "verbs.c", "benchmark.c"),
    *("convert.c", "armour.h", "model_numbers.c"),
)
ARDUINO_SOURCES = ("stack.c", "port_arduino.cpp")
BARE_SOURCES = ("bare.c", "bare.h", "ring.c", "fault.c")  # without a framework
SMP_SOURCES = (  # beside them, where the firmware speaks SMP
    *("armour.c", "cbor.c", "cbor.h", "small.h", "smp.c", "smp.h", "smp_frame.c", "smp_image.c"),
    *("smp_model.c", "smp_os.c", "slots.c", "slots.h", "store.h", "store_ram.c"),
)
LINK_SCRIPT = "link.ld"
_PER_LINE = 20  # bytes of the image


@dataclass(frozen=True)
class Parts:
    """What goes into a firmware. `input_bytes`: of the input's own buffer, `smp_bytes`: of a packet
    of SMP; 0 for none. `store`: where it keeps uploaded models, which may have `all_kernels` and
    `more_arena`, bytes beyond those of the models that are built in."""

    models: Models
    board: Board
    input_bytes: int
    smp_bytes: int = 0
    store: Store | None = None
    all_kernels: bool = False
    more_arena: int = 0
    input_slow: bool = False  # the input's own buffer lies in the slower RAM

    @property
    def kernels(self) -> tuple[str, ...]:
        return native.kernel_names() if self.all_kernels else self.models.kernels

    @property
    def arena_bytes(self) -> int:
        return self.models.arena_bytes + self.more_arena


def write(parts: Parts, folder: Path) -> None:
    """Bring the project in a folder up to date; what is as it was is not written.

    A whole project loses what only an earlier model needed: all there is would be compiled."""
    files = whole_files(parts) if parts.board.whole else _files(parts, folder)
    if parts.board.whole:
        for file in (folder / "src").rglob("*"):
            if file.is_file() and file.relative_to(folder).as_posix() not in files:
                file.unlink()
    for name, data in files.items():
        file = folder / name
        # An edit of platformio.ini makes PlatformIO build everything anew.
        if not file.is_file() or file.read_bytes() != data:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


def whole_files(parts: Parts) -> dict[str, bytes]:
    """A project that needs nothing of this package, for the Arduino framework or for none: contents
    by file name."""
    board, source = parts.board, paths.share("firmware") / "src"
    names = SOURCES + (SMP_SOURCES if parts.smp_bytes else ())
    names += ARDUINO_SOURCES if board.arduino else BARE_SOURCES + _chosen(board)
    texts = {name: (source / name).read_text(encoding="utf-8") for name in names}
    texts["app.h"] = texts["app.h"].replace('"edgeinfer.h"', '"csrc/edgeinfer.h"')
    texts["config.h"] = _config(parts)
    image = parts.models.image
    rows = (image[at : at + _PER_LINE] for at in range(0, len(image), _PER_LINE))
    texts["model.inc"] = "".join("".join(f"{byte}," for byte in row) + "\n" for row in rows)
    forms = FORMS if parts.store else frozenset().union(*(f.forms for f in parts.models.facts))
    chosen = library.sources(parts.kernels, "fw", parts.models.small, forms)
    texts |= {f"csrc/{name}": text for name, text in chosen.items()}
    options = _local_options(parts) if board.local else _public_options(parts)
    files = {f"src/{name}": text.encode() for name, text in texts.items()}
    files["platformio.ini"] = _ini(board, options).encode()
    if not board.arduino:
        files[LINK_SCRIPT] = _link_script(parts).encode()
    return files


def _chosen(board: Board) -> tuple[str, ...]:
    """The files of the firmware that its board's name, and no framework, chooses."""
    cpu = TOOLCHAINS[board.toolchain].cpu
    return f"cpu_{cpu}.c", f"port_{board.port}.c", f"timer_{board.timer}.c"


def _link_script(parts: Parts) -> str:
    """firmware/link.ld with its memory map in it."""
    text = (paths.share("firmware") / LINK_SCRIPT).read_text(encoding="utf-8")
    return text.replace("INCLUDE memory.ld\n", memory_script(parts.board, flash_bytes(parts)))


def _files(parts: Parts, folder: Path) -> dict[str, bytes]:
    """A project of the local platform, for the package's own sources."""
    board, firmware = parts.board, paths.share("firmware")
    toolchain = TOOLCHAINS[board.toolchain]
    store = parts.store.kind if parts.store else ""
    chosen = {"cpu": toolchain.cpu, "port": board.port, "timer": board.timer, "store": store}
    sources = [f"-<{kind}_*> +<{kind}_{name}.c>" for kind, name in chosen.items() if name]
    sources += [] if store else ["-<store_*>"]
    sources += ["-<model_*>", "-<stack.c>" if toolchain.bare else "-<bare.c> -<ring.c>"]
    options = _local_options(parts) | {
        "build_src_filter": " ".join(["+<*>", *sources]),
        "custom_library_flags": " ".join(toolchain.library_flags),
        "custom_bare": "yes" if toolchain.bare else "",
        "custom_generated": str(folder / "generated"),
        "custom_csrc": str(paths.share("csrc")),
        "custom_kernels": " ".join(library.file_names(parts.kernels)),
        # PlatformIO starts afresh when this file changes: objects of other sources never stay.
        "custom_sources": f"{_sources_crc():08x}",
    }
    kernels = "".join(f"EI_KERNEL({kernel})\n" for kernel in parts.kernels)
    return {
        "generated/config.h": _config(parts).encode(),
        "generated/kernel_list.inc": kernels.encode(),
        "generated/memory.ld": memory_script(board, flash_bytes(parts)).encode(),
        "generated/model.bin": parts.models.image,
        "platformio.ini": _ini(board, options, firmware / "src").encode(),
    }


def _local_options(parts: Parts) -> dict[str, str]:
    board = parts.board
    toolchain = TOOLCHAINS[board.toolchain]
    return {
        "platform": f"symlink://{paths.share('firmware') / 'platform'}",
        "custom_toolchain": toolchain.prefix,
        "custom_cpu_flags": " ".join(board.cpu_flags),
        "custom_arduino": " ".join(board.arduino_core),
        "custom_small": "yes" if parts.models.small else "",
    }


def _public_options(parts: Parts) -> dict[str, str]:
    """For speed, but where flash is as small as on an AVR, or dear; without fused multiply-adds,
    which round other than the host."""
    board = parts.board
    small = board.core == "avr" or parts.models.small
    flags = ("-Os" if small else "-O2", "-ffp-contract=off", *board.build_flags)
    if not board.arduino:  # whose frameworks say these themselves
        flags += ("-ffunction-sections", "-fdata-sections", "-lm")
    return {
        "platform": board.platform,
        "board": board.platformio_board,
        "framework": board.framework,
        "board_build.ldscript": "" if board.arduino else LINK_SCRIPT,
        "monitor_speed": str(board.baud),
        "build_unflags": "" if small else "-Os",
        "build_flags": " ".join(flags),
        **board.options,
    }


def _config(parts: Parts) -> str:
    board, models = parts.board, parts.models
    images = (f"{{{at}u, {size}u, {state}u}}" for at, size, state in models.places)
    converts = parts.all_kernels or any(f.name in tiny.CONVERTED for f in models.facts)
    config = {
        "EI_BOARD": f'"{board.name}"',
        "EI_TIMER": f'"{board.timer}"',
        "EI_CLOCK_HZ": f"{board.clock_hz}u",
        "EI_CORE_HZ": f"{board.core_hz}u",
        "EI_CYCLES": f"{int(board.arduino and bool(board.cycle_counter))}",
        "EI_BAUD": f"{board.baud}u",
        "EI_UART_BASE": f"0x{board.uart_base:08X}u",
        "EI_UART_IRQ": f"{board.uart_irq}u",
        "EI_STACK_BYTES": f"{board.stack_bytes}u",
        "EI_ARENA_BYTES": f"{parts.arena_bytes - models.slow_bytes}u",
        "EI_SLOW_BYTES": f"{models.slow_bytes}u",
        "EI_INPUT_SECTION": f'".bss.{"slow." if parts.input_slow else ""}serial"',
        "EI_STATE_BYTES": f"{models.state_bytes}u",
        "EI_INPUT_BYTES": f"{parts.input_bytes}u",
        "EI_SMP_BYTES": f"{parts.smp_bytes}u",
        "EI_CONVERTS": f"{int(converts)}",
        "EI_WINDOW_BYTES": f"{max(map(tiny.window_bytes, models.facts))}u",
        "EI_IMAGES": ", ".join(images),
        # Of the CRCs: that of a whole image, its own CRC included, is the same for every image.
        "EI_IMAGE_CRC": f"0x{zlib.crc32(b''.join(image[-4:] for image in models.images)):08X}u",
    }
    store = parts.store or Store("", 0, 0, 1)
    config |= {
        "EI_KERNELS": '"*"' if parts.all_kernels else f'"{" ".join(parts.kernels)}"',
        "EI_IMAGE_SHA": f"{{{', '.join(map(str, hashlib.sha256(models.image).digest()))}}}",
        "EI_SLOTS": f"{store.slots if parts.store else 0}u",
        "EI_STORE_ORIGIN": f"0x{store.origin:08X}u",
        "EI_STORE_BYTES": f"{store.size}u",
        "EI_STORE_BLOCK": f"{store.block_bytes}u",
    }
    return "".join(f"#define {name} {value}\n" for name, value in config.items())


def flash_bytes(parts: Parts) -> int:
    """What the store leaves for the firmware."""
    if parts.store and parts.store == parts.board.store and parts.board.store_in_flash:
        return parts.store.origin - parts.board.flash_origin
    return parts.board.flash_bytes


def memory_script(board: Board, flash_bytes: int = 0) -> str:
    """The linker's MEMORY of a board whose firmware may take so much of its flash (0: all)."""
    size = flash_bytes or board.flash_bytes
    slow = board.slow_ram_origin or board.ram_origin
    return (
        "MEMORY {\n"
        f"  FLASH (rx) : ORIGIN = 0x{board.flash_origin:08X}, LENGTH = {size}\n"
        f"  RAM (rwx) : ORIGIN = 0x{board.ram_origin:08X}, LENGTH = {board.ram_bytes}\n"
        f"  SLOW (rw) : ORIGIN = 0x{slow:08X}, LENGTH = {board.slow_ram_bytes}\n"
        "}\n"
    )


def _ini(board: Board, options: dict[str, str], source: Path | None = None) -> str:
    lines = ["[platformio]", f"src_dir = {source}"] if source else []
    lines.append(f"[env:{board.name}]")
    lines += [f"{key} = {value}" for key, value in options.items() if value]
    return "\n".join(lines) + "\n"


def _sources_crc() -> int:
    """CRC-32 of all that is compiled."""
    crc = 0
    for folder in ("csrc", "firmware"):
        for file in sorted(paths.share(folder).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                crc = zlib.crc32(file.read_bytes(), crc)
    return crc
