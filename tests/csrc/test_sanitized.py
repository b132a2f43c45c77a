# SPDX-License-Identifier: Apache-2.0
"""The C library under sanitizers and strict warnings, with gcc and clang."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgeinfer.native import BACKENDS
from tests.compiling import objects
from tests.conftest import ROOT, need
from tests.csrc.images import all_images

CSRC = ROOT / "csrc"
SOURCES = [*sorted(CSRC.glob("*.c")), *sorted((CSRC / "kernels").glob("*.c"))]
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
# Line numbers are all that a report needs.
SANITIZE = ["-g1", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
PATHS: dict[str, list[str]] = {
    "portable": [],
    "dsp": ["-DEI_DSP_EMULATION"],
    "dsp small": ["-DEI_DSP_EMULATION", "-DEI_SMALL"],
    "armv6m": ["-DEI_ARMV6M_EMULATION"],
}
AVX2, AVX512 = ["-mavx2"], [f"-mavx512{part}" for part in ("f", "bw", "vl", "vnni")]
PATHS |= {k: v for k, v in {"avx2": AVX2, "vnni": AVX2 + AVX512}.items() if k in BACKENDS}


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("define", PATHS.values(), ids=PATHS)
def test_no_warnings(compiler: str, define: list[str], tmp_path: Path) -> None:
    need(compiler)
    command = [compiler, *WARNINGS, *define, "-O2", f"-I{CSRC}"]
    objects(command, SOURCES, tmp_path)


@pytest.mark.xdist_group("images")  # one worker makes them, once
@pytest.mark.parametrize("define", PATHS.values(), ids=PATHS)
def test_no_image_makes_a_kernel_leave_its_memory(define: list[str], tmp_path: Path) -> None:
    harness = tmp_path / "fuzz"
    sources = [Path(__file__).with_name("fuzz_image.c"), *SOURCES]
    flags = ["-D_POSIX_C_SOURCE=200112L", "-std=c99", *SANITIZE, *define, f"-I{CSRC}"]
    made, _ = objects(["gcc", *flags], sources, tmp_path)
    subprocess.run(["gcc", *SANITIZE, *made, "-lm", "-o", str(harness)], check=True)
    images = []
    for name, image in all_images().items():
        images.append(tmp_path / f"{name.replace('/', '_')}.img")
        images[-1].write_bytes(image)
    done = subprocess.run(
        [str(harness), "400", "1", *map(str, images)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    accepted, total = (int(word) for word in done.stdout.split() if word.isdigit())
    assert total > accepted > total // 50  # some mutations must survive, or nothing was tried


PACKER = ROOT / "edgeinfer" / "plan" / "packer"


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_packer_stays_in_its_memory_and_packs_right(compiler: str, tmp_path: Path) -> None:
    harness = tmp_path / "fuzz"
    sources = [str(Path(__file__).with_name("fuzz_packer.c")), str(PACKER / "packer.c")]
    flags = [*WARNINGS, *SANITIZE, f"-I{PACKER}", "-o", str(harness)]
    done = subprocess.run([compiler, *flags, *sources], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([str(harness), "300"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found, impossible, total = (int(word) for word in done.stdout.split() if word.isdigit())
    assert found > total // 2 and impossible > total // 50
