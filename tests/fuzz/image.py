# SPDX-License-Identifier: Apache-2.0
"""`ei_verify`, and the run of what it accepts, under libFuzzer with sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.compiling import objects
from tests.conftest import ROOT, need
from tests.csrc.test_sanitized import CSRC, SOURCES

FLAGS = ("-g1", "-O1", "-std=c99", "-D_POSIX_C_SOURCE=200112L", f"-I{CSRC}")
SANITIZE = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")


def build(folder: Path) -> Path:
    """The fuzzer."""
    need("clang")
    folder.mkdir(parents=True, exist_ok=True)
    sources = [ROOT / "tests" / "csrc" / "guide_image.c", *SOURCES]
    program = folder / "fuzz_image"
    made, _ = objects(["clang", *FLAGS, *SANITIZE], sources, folder)
    subprocess.run(["clang", *SANITIZE, *made, "-lm", "-o", str(program)], check=True)
    return program
