# SPDX-License-Identifier: Apache-2.0
"""Build script of the local platform, run by SCons. All facts come from platformio.ini."""

from pathlib import Path

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()


def option(name: str) -> list[str]:
    return str(env.GetProjectOption(f"custom_{name}", "")).split()


arduino = option("arduino")  # folder of an Arduino core for AVR, and its variant
cpu = option("cpu_flags")
library = option("library_flags")
prefix = "".join(option("toolchain"))
generated = env.GetProjectOption("custom_generated", "")
csrc = env.GetProjectOption("custom_csrc", "")
link_script = Path(env.subst("$PROJECT_SRC_DIR")).parent / "link.ld"

env.Replace(
    AR=f"{prefix}ar",
    AS=f"{prefix}gcc",
    CC=f"{prefix}gcc",
    CXX=f"{prefix}g++",
    LINK=f"{prefix}gcc",
    OBJCOPY=f"{prefix}objcopy",
    RANLIB=f"{prefix}ranlib",
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
    ARFLAGS=["rc"],
)
env.Append(
    ASFLAGS=cpu,
    ASPPFLAGS=[*cpu, "-x", "assembler-with-cpp"],
    CCFLAGS=[
        *cpu,
        *library,
        "-Os" if arduino or option("small") else "-O2",
        "-g",
        "-Wall",
        "-Wextra",
        "-ffunction-sections",
        "-fdata-sections",
        "-ffp-contract=off",  # a fused multiply-add would round other than the host
    ],
    CFLAGS=["-std=gnu99", "-Wstrict-prototypes"],
    LINKFLAGS=[
        *cpu,
        *library,
        "-Wl,--gc-sections",
        f"-Wl,-Map,{env.subst('$BUILD_DIR')}/firmware.map",
    ],
)
if generated:
    env.Append(
        ASPPFLAGS=[f"-Wa,-I{generated}"],
        CPPDEFINES=[("EI_KERNEL_LIST", '\\"kernel_list.inc\\"')],
        CPPPATH=[generated, csrc],
    )
if option("small"):
    env.Append(CPPDEFINES=["EI_SMALL"])
if option("bare"):
    env.Append(
        LINKFLAGS=["-nostartfiles", f"-L{generated}", f"-T{link_script}"], LIBS=["m", "c", "gcc"]
    )
if kernels := option("kernels"):  # none: an exported library in a user's own project
    env.BuildSources(
        str(Path(env.subst("$BUILD_DIR")) / "csrc"), csrc, [f"+<{file}>" for file in kernels]
    )
if arduino:
    core = Path(arduino[0]) / "cores" / "arduino"
    env.Append(
        CXXFLAGS=["-std=gnu++11", "-fpermissive", "-fno-exceptions", "-fno-threadsafe-statics"],
        CPPPATH=[str(core), str(Path(arduino[0]) / "variants" / arduino[1])],
        LIBS=["m"],
    )
    theirs = env.Clone()
    # It is written for a younger compiler, whose <float.h> has this in C++.
    theirs.Append(CCFLAGS=["-w"], CPPDEFINES=[("DECIMAL_DIG", "__DECIMAL_DIG__")])
    build = Path(env.subst("$BUILD_DIR")) / "core"
    env.Prepend(LIBS=[theirs.BuildLibrary(str(build), str(core), "+<*> -<wiring_pulse.c>")])
program = env.BuildProgram()
if option("bare"):
    env.Depends(program, [str(link_script), str(Path(generated) / "memory.ld")])
Default(program)
