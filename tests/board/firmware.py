# SPDX-License-Identifier: Apache-2.0
"""Parts of the firmware compiled for this PC, with sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgeinfer.boards.board import Store, load_board
from edgeinfer.firmware import library
from edgeinfer.firmware.models import Models
from edgeinfer.firmware.project import Parts, _config
from tests.conftest import ROOT, need

SOURCE, CSRC = ROOT / "firmware" / "src", ROOT / "csrc"
STORE_BYTES, BLOCK_BYTES = 16_384, 1_024
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
WARN = ("-std=gnu99", "-Wall", "-Wextra", "-Werror")


def build(
    folder: Path,
    image: bytes,
    sources: tuple[Path, ...],
    names: tuple[str, ...],
    flags: tuple[str, ...] = (),
    *,
    smp_bytes: int = 0,
) -> Path:
    """A program of these sources and files of firmware/src, with this image built in, and two slots
    for others of its kind."""
    need("clang")
    folder.mkdir(parents=True, exist_ok=True)
    models = Models([image])
    parts = Parts(
        models,
        load_board("local"),
        models.input_bytes,
        smp_bytes=smp_bytes,
        store=Store("test", 0, STORE_BYTES, BLOCK_BYTES),
    )
    (folder / "config.h").write_text(_config(parts))
    (folder / "model.bin").write_bytes(image)
    kernels = models.kernels
    (folder / "kernel_list.inc").write_text("".join(f"EI_KERNEL({k})\n" for k in kernels))
    files = [*sources, *(SOURCE / name for name in names), SOURCE / "model.S"]
    files += [CSRC / name for name in library.file_names(kernels)]
    program = folder / "program"
    include = [f"-I{folder}", f"-I{SOURCE}", f"-I{CSRC}", f"-Wa,-I{folder}"]
    command = ["clang", *SANITIZE, *WARN, *include, *flags, '-DEI_KERNEL_LIST="kernel_list.inc"']
    subprocess.run([*command, *map(str, files), "-lm", "-o", str(program)], check=True)
    return program
