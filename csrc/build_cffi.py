# SPDX-License-Identifier: Apache-2.0
"""Writes the cffi module's C source; the declarations come from the headers and kernels themselves.

Usage: build_cffi.py COMPILER OUTPUT.c (called by CMake)"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cffi

HERE = Path(__file__).resolve().parent


def preprocessed(compiler: str, *lines: str) -> str:
    """The lines after the C preprocessor, without the system's headers."""
    command = [compiler, "-E", "-P", "-DEI_CDEF", f"-I{HERE}", "-xc", "-"]
    done = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, check=True
    )
    return done.stdout


def parameter_structs() -> str:
    """The typedefs of kernels' parameter structs, as they stand in their source files."""
    pattern = r"^typedef (?:struct \{.*?\}|\w+) ei_\w+;$"
    found = []
    for path in sorted((HERE / "kernels").glob("*.h")) + sorted((HERE / "kernels").glob("*.c")):
        for text in re.findall(pattern, path.read_text(), re.DOTALL | re.MULTILINE):
            if "*first" not in text:  # run-time helpers with pointers stay private
                found.append(text)
    return "\n".join(found)


def main() -> None:
    """Generate the module's source."""
    compiler, output = sys.argv[1:]
    module = Path(output).stem
    kernels = re.findall(r"^EI_KERNEL\((\w+)\)", (HERE / "kernels.inc").read_text(), re.MULTILINE)
    numbers = ", ".join([*(f"EI_KERNEL_{name}" for name in kernels), "EI_N_KERNELS"])
    ids = f"enum ei_kernel_id {{ {numbers} }};"
    structs = preprocessed(compiler, parameter_structs())
    api = preprocessed(compiler, '#include "edgeinfer.h"')

    ffi = cffi.FFI()
    ffi.cdef(api + ids + structs)
    ffi.cdef('extern "Python" void edgeinfer_profile(void *context, uint32_t step, int begin);')
    ffi.set_source(f"edgeinfer.{module}", f'#include "kernel.h"\n{structs}', py_limited_api=True)
    ffi.emit_c_code(output)


if __name__ == "__main__":
    main()
