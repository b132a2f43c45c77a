# SPDX-License-Identifier: Apache-2.0
"""The part of csrc that an image needs: by name, or as files that get along with any other library.

Includes are rewritten to paths from the including file, so that no search path is needed, and every
function that the linker sees gets the model's name before its own: several exports, of one version
of edgeinfer or of several, then live in one program."""

from __future__ import annotations

import os
import re
from collections.abc import Set
from pathlib import Path, PurePosixPath

from edgeinfer import paths
from edgeinfer.image.layout import FORMS

_INCLUDE = re.compile(r'^(\s*#\s*include\s+")([^"]+)(")', re.MULTILINE)
_FUNCTION = re.compile(r"^(?!static\b)[\w *]*?\b(ei_\w+)\(", re.MULTILINE)
_PUBLIC = ("edgeinfer.h", "exec.h")  # where functions with external names are declared
_KERNELS = "kernels.inc"  # numbers the kernels, so that all of it is needed
_CHOICE = "isa/isa.h"  # what the kernels are written over, and all of them include
NAMES, CHOSEN = "names.h", "kernel_list.inc"  # generated


def file_names(kernels: tuple[str, ...]) -> list[str]:
    """The .c files of csrc that run an image with these kernels."""
    return ["image.c", "exec.c", *(f"kernels/{kernel}.c" for kernel in kernels)]


def sources(
    kernels: tuple[str, ...], prefix: str, small: bool = False, forms: Set[str] = FORMS
) -> dict[str, str]:
    """Texts by file name: csrc with these kernels, every function named `prefix`_…; `small` where
    flash is dearer than time, without the code for other `forms` of steps than these."""
    root = paths.share("csrc")
    texts: dict[str, str] = {}
    waiting = [PurePosixPath(name) for name in file_names(kernels)]
    while waiting:
        name = waiting.pop()
        if str(name) in texts:
            continue
        text = (root / name).read_text(encoding="utf-8")
        texts[str(name)] = _local(root, name, text, waiting)
    texts["edgeinfer.h"] = _after_comment(texts["edgeinfer.h"], f'#include "{NAMES}"\n')
    others = sorted(form.upper() for form in FORMS - forms if form != "short_steps")
    defines = "#define EI_SMALL\n" * small + "".join(f"#define EI_NO_{form}\n" for form in others)
    texts[_CHOICE] = _after_comment(texts[_CHOICE], defines)
    texts[NAMES] = _names(root, prefix)
    texts[CHOSEN] = "".join(f"EI_KERNEL({kernel})\n" for kernel in kernels)
    return texts


def external_names() -> list[str]:
    """Every function of csrc that the linker sees, kernels included."""
    root = paths.share("csrc")
    names = [n for file in _PUBLIC for n in _FUNCTION.findall((root / file).read_text("utf-8"))]
    kernels = re.findall(r"^EI_KERNEL\((\w+)\)", (root / _KERNELS).read_text("utf-8"), re.M)
    return names + [f"ei_{k}_{part}" for k in kernels for part in ("run", "check", "scratch")]


def _names(root: Path, prefix: str) -> str:
    defines = "".join(f"#define {name} {prefix}_{name}\n" for name in external_names())
    return (
        "/* SPDX-License-Identifier: Apache-2.0\n"
        " * Names of this library's own, beside other exports in the same program. */\n"
        f'#define EI_KERNEL_LIST "{CHOSEN}"\n{defines}'
    )


def _local(root: Path, name: PurePosixPath, text: str, found: list[PurePosixPath]) -> str:
    """A file's text with includes as paths from where it lies; adds what it includes to `found`."""

    def path(include: re.Match[str]) -> str:
        file = _find(root, name, include[2])
        found.append(file)
        return include[1] + os.path.relpath(file, name.parent).replace(os.sep, "/") + include[3]

    return _INCLUDE.sub(path, text)


def _find(root: Path, including: PurePosixPath, path: str) -> PurePosixPath:
    """The file of csrc that an include means: beside the including one, else from the top."""
    beside = PurePosixPath(os.path.normpath(including.parent / path))
    return beside if (root / beside).is_file() else PurePosixPath(path)


def _after_comment(text: str, line: str) -> str:
    """With a line after the comment that a file begins with."""
    end = text.index("*/") + len("*/\n")
    return text[:end] + line + text[end:]
