# SPDX-License-Identifier: Apache-2.0
"""Every kernel gives the host's bytes where int has 16 bits: self-tests on an AVR in simavr."""

from __future__ import annotations

import re
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import native
from edgeinfer.image import read_image
from tests.conftest import ROOT, need
from tests.csrc.images import all_images

HERE = Path(__file__).parent
CSRC = ROOT / "csrc"
CPU = "atmega1284p"
RAM = 14000  # bytes for image and arena, of 16 KB
FLAGS = [f"-mmcu={CPU}", "-Os", "-std=c99", f"-I{CSRC}", "-ffunction-sections"]
IMAGE = """.section .data.image, "aw"
.balign 16
.global image, image_end
image: .incbin "model.bin"
image_end:
"""


def compiled(source: Path, folder: Path, *flags: str) -> str:
    made = folder / f"{source.stem}.o"
    subprocess.run(["avr-gcc", *FLAGS, *flags, "-c", str(source), "-o", str(made)], check=True)
    return str(made)


def compiled_once(source: Path, folder: Path, flag: str) -> str:
    """For all models that need it with this flag."""
    own = folder / f"{zlib.crc32(flag.encode()):08x}"
    if (own / f"{source.stem}.o").is_file():
        return str(own / f"{source.stem}.o")
    own.mkdir(exist_ok=True)
    return compiled(source, own, flag)


def models() -> dict[str, bytes]:
    """Images that fit: one for each kernel, and all with inputs of int16, where products need more
    bits than int has."""
    found: dict[str, bytes] = {}
    seen: set[str] = set()
    for name, image in all_images().items():
        info = read_image(image)
        wide = any(io.dtype == np.int16 for io in info.inputs)
        if len(image) + info.arena_bytes <= RAM and (wide or not set(info.kernels) <= seen):
            seen |= set(info.kernels)
            found[name] = image
    assert seen == set(native.kernel_names())
    return found


def run(image: bytes, objects: list[str], folder: Path) -> str:
    """What the program with this image says."""
    info = read_image(image)
    (folder / "model.bin").write_bytes(image)
    (folder / "image.S").write_text(IMAGE)
    kernels = "".join(f"EI_KERNEL({name})\n" for name in sorted(set(info.kernels)))
    chosen = folder / f"{zlib.crc32(kernels.encode()):08x}.inc"
    chosen.write_text(kernels)
    own = [
        compiled_once(CSRC / "exec.c", folder, f'-DEI_KERNEL_LIST="{chosen}"'),
        compiled(folder / "image.S", folder, f"-Wa,-I{folder}"),
        compiled_once(HERE / "avr.c", folder, f"-DARENA_BYTES={max(info.arena_bytes, 16)}"),
    ]
    elf = str(folder / "test.elf")
    command = ["avr-gcc", *FLAGS, "-Wl,--gc-sections", *own, *objects, "-lm", "-o", elf]
    subprocess.run(command, check=True)
    command = ["simavr", "-m", CPU, "-f", "16000000", elf]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return " ".join(re.findall("right|wrong|refused", done.stdout + done.stderr))


@pytest.mark.xdist_group("images")  # one worker makes them, once
def test_every_kernel_gives_the_hosts_bytes(tmp_path: Path) -> None:
    need("avr-gcc", "simavr")
    library = tmp_path / "library"
    library.mkdir()
    sources = [CSRC / "image.c", *sorted((CSRC / "kernels").glob("*.c"))]
    objects = [compiled(source, library) for source in sources]
    images = models()
    said = {name: run(image, objects, tmp_path) for name, image in images.items()}
    # avr-gcc has no `double` of 64 bits.
    doubles = {name for name, image in images.items() if "detection" in read_image(image).kernels}
    assert doubles
    assert said == {name: "refused" if name in doubles else "right" for name in said}
