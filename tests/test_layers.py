# SPDX-License-Identifier: Apache-2.0
"""Imports point one way, in Python and in C."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT

# Each may import those before it; names on one line do not import each other. A package is named
# by its modules where these lie on several floors.
FLOORS = [
    {"boards.toolchains", "errors", "paths", "wire.access"},
    {"boards.remote", "wire.armour"},
    {"boards.board", "boards.counter", "graph", "native", "numerics.fixed_point"},
    {
        "boards.cycles",
        "boards.debugger",
        "numerics.float_functions",
        "numerics.functions",
        "tflite",
    },
    {"boards.machine", "boards.probe"},
    {"boards.emulator", "ops"},
    {"shapes", "wire.ports"},
    {"fold"},
    {"inline", "unsigned"},
    {"evaluate", "inspection", "lower", "onnx", "oracle_graph", "pairing", "reference"},
    {"costs", "importers", "optimize", "plan"},
    {"image", "report"},
    {"firmware.library"},
    {"firmware.models", "firmware.tiny", "session"},
    {"firmware.project"},
    {"compile", "wire.copies"},
    {"wire.link"},
    {
        "firmware.build",
        "interpreter",
        "quantize",
        "verify",
        "wire.device",
        "wire.monitor",
        "wire.smp",
    },
    {"export", "firmware.upload", "layerwise"},
    {"firmware.flash"},
    {"bench", "testing"},
    {"cli", "pytest_plugin"},
    {"__main__", "demo"},
]
# The only C files with floating point: I/O and operators of float32.
FLOATING = {
    "float_math",
    "batch_matmul",
    "cumsum",
    "pool_float",
    "conv_float",
    "lstm_float",
    "depthwise_float",
    "transpose_conv_float",
    "reduce",
    "arg_max",
    "quantize",
    "dequantize",
    "edgeinfer",
    "image",
    "unary_float",
    "resize_bilinear",
    "float_functions",
    "curve_float",
    "softmax_float",
    "l2_normalization",
    "binary_float",
    "cast",
    "add_n",
    "detection",
}
FLOOR = {name: i for i, names in enumerate(FLOORS) for name in names}
SPLIT = {name.split(".")[0] for name in FLOOR if "." in name}


def place(parts: Sequence[str]) -> str:
    """The name in FLOORS of a module whose dotted path below `edgeinfer` begins so."""
    return ".".join(parts[:2] if parts[0] in SPLIT else parts[:1])


def imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        below = [name.split(".")[1:] for name in names if name.startswith("edgeinfer.")]
        found |= {place(parts) for parts in below}
    return found & set(FLOOR)


def test_python_imports_point_down() -> None:
    wrong = []
    for top, base in (("edgeinfer", ROOT / "edgeinfer"), ("quantize", ROOT / "quantize")):
        for path in sorted(base.rglob("*.py")):
            relative = path.relative_to(base)
            own = "quantize" if top == "quantize" else place(relative.with_suffix("").parts)
            if own.endswith("__init__"):
                continue
            assert own in FLOOR, f"{own} has no floor: add it to FLOORS"
            for name in imports(ast.parse(path.read_text())) - {own}:
                if FLOOR[name] >= FLOOR[own]:
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_kernels_know_neither_images_nor_steps() -> None:
    allowed = {
        "kernel.h",
        "fixed_point.h",
        "functions.h",
        "functions16.h",
        "signal.h",
        "direct.h",
        "wide.h",
        "isa/isa.h",
    }
    allowed |= {path.name for path in (ROOT / "csrc" / "kernels").glob("*.h")}
    for path in sorted((ROOT / "csrc" / "kernels").iterdir()):
        included = set(re.findall(r'#include "(.+)"', path.read_text()))
        assert included <= allowed, f"{path.name} includes {included - allowed}"


def test_the_c_library_allocates_nothing_and_keeps_no_state() -> None:
    for path in sorted((ROOT / "csrc").rglob("*.[ch]")):
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        assert not re.search(r"\b(malloc|calloc|realloc|free|printf|stdio)\b", code), path
        floats = re.search(r"\b(float|double)\b", code)
        if path.stem not in FLOATING:
            assert not floats, f"{path} uses floating point"


def test_the_c_library_has_no_variables(tmp_path: Path) -> None:
    for path in [*(ROOT / "csrc").glob("*.c"), *(ROOT / "csrc" / "kernels").glob("*.c")]:
        flags = ["-std=c99", "-O1", "-fno-pic", f"-I{ROOT / 'csrc'}"]
        subprocess.run(["gcc", *flags, "-c", path, "-o", tmp_path / "out.o"], check=True)
        symbols = subprocess.run(["nm", tmp_path / "out.o"], capture_output=True, text=True)
        assert " T " in symbols.stdout
        assert not re.search(r"^\w* [bBdDC] ", symbols.stdout, re.M), f"{path} keeps state"


def test_every_file_names_its_license() -> None:
    for pattern in ("**/*.py", "**/*.c", "**/*.h", "**/*.toml", "**/*.fbs"):
        for path in ROOT.glob(pattern):
            if not {".venv", "build", ".cache"} & set(path.relative_to(ROOT).parts):
                assert "SPDX-License-Identifier: Apache-2.0" in path.read_text()[:400], path
