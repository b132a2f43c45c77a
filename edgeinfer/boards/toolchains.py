# SPDX-License-Identifier: Apache-2.0
"""Compilers that build firmware: their names, where they come from, what they must be told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Toolchain:
    prefix: str  # of gcc, size …
    package: str  # of Debian, for the remedy
    cpu: str  # firmware/src/cpu_<cpu>.c: start-up, faults, sleep; not for "arduino"
    library_flags: tuple[str, ...] = ()  # the C library, for compiler and linker
    machines: tuple[str, ...] = ()  # as uname names those that run its Linux programs
    bare: bool = True  # neither system nor framework: the firmware brings memory map and start-up


NATIVE = "native"
FROM_PLATFORM = "platform"  # the compiler that a public PlatformIO platform brings
_STATIC = ("-static",)  # a Pi's libraries are not those of this machine
_ARM = ("armv6l", "armv7l", "armv8l", "aarch64")  # each runs programs for those before it

TOOLCHAINS = {
    "arm-none-eabi": Toolchain(
        "arm-none-eabi-",
        "gcc-arm-none-eabi libnewlib-arm-none-eabi",
        "cortex_m",
        library_flags=("--specs=nano.specs",),
    ),
    "riscv64-unknown-elf": Toolchain(
        "riscv64-unknown-elf-",
        "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
        "riscv",
        library_flags=("--specs=picolibc.specs",),
    ),
    "arm-linux-gnueabi": Toolchain(
        "arm-linux-gnueabi-", "gcc-arm-linux-gnueabi", "linux", _STATIC, _ARM, bare=False
    ),
    "arm-linux-gnueabihf": Toolchain(
        "arm-linux-gnueabihf-", "gcc-arm-linux-gnueabihf", "linux", _STATIC, _ARM[1:], bare=False
    ),
    "aarch64-linux-gnu": Toolchain(
        "aarch64-linux-gnu-", "gcc-aarch64-linux-gnu", "linux", _STATIC, _ARM[-1:], bare=False
    ),
    "avr": Toolchain("avr-", "gcc-avr avr-libc arduino-core-avr", "arduino", bare=False),
    FROM_PLATFORM: Toolchain("", "", "arduino", bare=False),
    NATIVE: Toolchain("", "gcc libc6-dev", "linux", bare=False),
}
