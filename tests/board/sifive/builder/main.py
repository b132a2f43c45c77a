# SPDX-License-Identifier: Apache-2.0
"""What the public platform does with a project that names no framework: the same options, in the
order in which it gives them, to the compiler that is here. That is younger, which shows in two
options, and has another C library."""

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
build = env.BoardConfig().get("build")
machine = [f"-march={build['march']}", f"-mabi={build['mabi']}", f"-mcmodel={build['mcmodel']}"]
here = ["-misa-spec=2.2", "--specs=picolibc.specs"]  # there: GCC 8's only one, and nano.specs
prefix = "riscv64-unknown-elf-"

env.Replace(
    AR=f"{prefix}gcc-ar",
    AS=f"{prefix}as",
    CC=f"{prefix}gcc",
    CXX=f"{prefix}g++",
    OBJCOPY=f"{prefix}objcopy",
    RANLIB=f"{prefix}gcc-ranlib",
    SIZETOOL=f"{prefix}size",
    ARFLAGS=["rc"],
    SIZEPRINTCMD="$SIZETOOL -d $SOURCES",
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
)
env.Append(
    CCFLAGS=["-Os", "-Wall", *machine, *here],
    LINKFLAGS=["-Os", "-nostartfiles", *machine, *here, "-Wl,--gc-sections"],
    LIBS=["c"],
)
program = env.BuildProgram()
to_hex = env.VerboseAction("$OBJCOPY -O ihex $SOURCE $TARGET", "Building $TARGET")
Default([env.Command("$BUILD_DIR/${PROGNAME}.hex", program, to_hex)])
