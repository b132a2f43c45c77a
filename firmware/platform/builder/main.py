# SPDX-License-Identifier: Apache-2.0
"""Build script of the local platform, run by SCons. All facts come from platformio.ini."""

from pathlib import Path

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()


def option(name: str) -> list[str]:
    return str(env.GetProjectOption(f"custom_{name}", "")).split()


cpu = option("cpu_flags")
library = option("library_flags")
prefix = "".join(option("toolchain"))
generated = env.GetProjectOption("custom_generated")
csrc = env.GetProjectOption("custom_csrc")
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
    ASPPFLAGS=[*cpu, "-x", "assembler-with-cpp", f"-Wa,-I{generated}"],
    CCFLAGS=[
        *cpu,
        *library,
        "-O2",
        "-g",
        "-Wall",
        "-Wextra",
        "-Wstrict-prototypes",
        "-ffunction-sections",
        "-fdata-sections",
        "-ffp-contract=off",  # a fused multiply-add would round other than the host
    ],
    CFLAGS=["-std=gnu99"],
    CPPDEFINES=[("EI_KERNEL_LIST", '\\"kernel_list.inc\\"')],
    CPPPATH=[generated, csrc],
    LINKFLAGS=[
        *cpu,
        *library,
        "-Wl,--gc-sections",
        f"-Wl,-Map,{env.subst('$BUILD_DIR')}/firmware.map",
    ],
)
if option("bare"):
    env.Append(
        LINKFLAGS=["-nostartfiles", f"-L{generated}", f"-T{link_script}"], LIBS=["m", "c", "gcc"]
    )
if kernels := option("kernels"):  # none: an exported library in a user's own project
    env.BuildSources(
        str(Path(env.subst("$BUILD_DIR")) / "csrc"), csrc, [f"+<{file}>" for file in kernels]
    )
program = env.BuildProgram()
if option("bare"):
    env.Depends(program, [str(link_script), str(Path(generated) / "memory.ld")])
Default(program)
