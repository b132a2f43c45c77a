# SPDX-License-Identifier: Apache-2.0
"""What the Arduino IDE does with a sketch for the Uno: one program of it, core and libraries."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

HARDWARE = Path("/usr/share/arduino/hardware/arduino/avr")  # of Debian's arduino-core-avr
CORE = HARDWARE / "cores" / "arduino"
CPU = ("-mmcu=atmega328p", "-DF_CPU=16000000L", "-DARDUINO=10819", "-DARDUINO_AVR_UNO")
# The core is written for a younger compiler, whose <float.h> has this in C++.
CPU += ("-DDECIMAL_DIG=__DECIMAL_DIG__",)
CPU += ("-DARDUINO_ARCH_AVR", "-Os", "-ffunction-sections", "-fdata-sections")
CXX = ("-std=gnu++11", "-fpermissive", "-fno-exceptions", "-fno-threadsafe-statics", "-x", "c++")


def build_sketch(sketch: Path, libraries: Sequence[Path], folder: Path) -> Path:
    """The linked program. All of a library's sources are compiled, its top is on the path."""
    folder.mkdir()
    paths = [f"-I{CORE}", f"-I{HARDWARE / 'variants' / 'standard'}"]
    paths += [f"-I{library}" for library in libraries]
    own = [sketch, *(f for library in libraries for f in sorted(library.rglob("*.c*")))]
    core = [f for f in sorted(CORE.iterdir()) if f.suffix in (".c", ".cpp", ".S")]
    objects = []
    for source in (*own, *core):
        target = folder / (str(source).replace("/", "_") + ".o")
        flags = {".c": ["-std=gnu11"], ".S": ["-x", "assembler-with-cpp"]}.get(
            source.suffix, list(CXX)
        )
        warnings = ["-Wall", "-Werror"] if source in own else ["-w"]
        command = ["avr-gcc", *CPU, *warnings, *paths, *flags, "-c", str(source), "-o", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        objects.append(str(target))
    elf = folder / "sketch.elf"
    command = ["avr-gcc", *CPU, "-Wl,--gc-sections", *objects, "-lm", "-o", str(elf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return elf


def static_ram(elf: Path) -> int:
    """Bytes of RAM that variables and constants take."""
    text = subprocess.run(["avr-size", str(elf)], capture_output=True, text=True, check=True).stdout
    _, data, bss, *_ = text.splitlines()[1].split()
    return int(data) + int(bss)
