# SPDX-License-Identifier: Apache-2.0
"""Parts of the firmware compiled for this PC, with sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgeinfer import library
from edgeinfer.image import read_image
from tests.conftest import ROOT, need

SOURCE, CSRC = ROOT / "firmware" / "src", ROOT / "csrc"
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
WARN = ("-std=gnu99", "-Wall", "-Wextra", "-Werror")


def build(
    folder: Path,
    image: bytes,
    sources: tuple[Path, ...],
    names: tuple[str, ...],
    flags: tuple[str, ...] = (),
    **config: object,
) -> Path:
    """A program of these sources and files of firmware/src, with this image built in; `config` is
    what stands in config.h beside the image's facts."""
    need("clang")
    folder.mkdir(parents=True, exist_ok=True)
    facts = read_image(image)
    values = {
        "EI_BOARD": '"pc"',
        "EI_TIMER": '"none"',
        "EI_CLOCK_HZ": "1000000u",
        "EI_STACK_BYTES": "4096u",
        "EI_ARENA_BYTES": f"{facts.arena_bytes}u",
        "EI_INPUT_BYTES": f"{sum(io.bytes for io in facts.inputs)}u",
        "EI_SMP_BYTES": "512u",
        "EI_STATE_BYTES": "0u",
        "EI_IMAGES": f"{{0u, {len(image)}u, 0u}}",
        "EI_CONVERTS": "0",
        "EI_WINDOW_BYTES": "0u",
        "EI_IMAGE_CRC": f"0x{facts.crc:08X}u",
        "EI_IMAGE_SHA": "{1}",
        "EI_KERNELS": f'"{" ".join(facts.kernels)}"',
        **config,
    }
    defines = (f"#define {name} {value}\n" for name, value in values.items())
    (folder / "config.h").write_text("".join(defines))
    (folder / "model.bin").write_bytes(image)
    (folder / "kernel_list.inc").write_text("".join(f"EI_KERNEL({k})\n" for k in facts.kernels))
    files = [*sources, *(SOURCE / name for name in names), SOURCE / "model.S"]
    files += [CSRC / name for name in library.file_names(facts.kernels)]
    program = folder / "program"
    include = [f"-I{folder}", f"-I{SOURCE}", f"-I{CSRC}", f"-Wa,-I{folder}"]
    command = ["clang", *SANITIZE, *WARN, *include, *flags, '-DEI_KERNEL_LIST="kernel_list.inc"']
    subprocess.run([*command, *map(str, files), "-lm", "-o", str(program)], check=True)
    return program
