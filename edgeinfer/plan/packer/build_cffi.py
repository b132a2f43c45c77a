# SPDX-License-Identifier: Apache-2.0
"""Writes the packer's cffi module in C; the declarations come from the header itself.

Usage: build_cffi.py COMPILER OUTPUT.c (called by CMake)"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cffi

HEADER = Path(__file__).resolve().with_name("packer.h")


def main() -> None:
    """Generate the module's source."""
    compiler, output = sys.argv[1:]
    command = [compiler, "-E", "-P", "-DPACKER_CDEF", "-xc", str(HEADER)]
    ffi = cffi.FFI()
    ffi.cdef(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    ffi.set_source(f"edgeinfer.{Path(output).stem}", '#include "packer.h"', py_limited_api=True)
    ffi.emit_c_code(output)


if __name__ == "__main__":
    main()
