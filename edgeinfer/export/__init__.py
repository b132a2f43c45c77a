# SPDX-License-Identifier: Apache-2.0
"""An image as a library for a user's own project: PlatformIO, Arduino IDE, or plain C."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgeinfer.boards.board import SMALL
from edgeinfer.export import folder as folders
from edgeinfer.export.kinds import KINDS, Library
from edgeinfer.export.model import element, header, source
from edgeinfer.export.names import identifier, require_identifier
from edgeinfer.firmware.library import sources
from edgeinfer.image import read_image

__all__ = ["KINDS", "Exported", "export", "identifier"]


@dataclass(frozen=True)
class Exported:
    """What was written. Sizes in bytes."""

    folder: str
    kind: str
    name: str  # of the functions: <name>_invoke
    files: tuple[str, ...]
    kernels: tuple[str, ...]
    image_bytes: int
    arena_bytes: int


def export(image: bytes, folder: Path, kind: str, *, model: str, name: str = "") -> Exported:
    """Write a library of a KIND into a folder; `model` is the file's name in the texts.

    Functions are called `name`_…, by default after the image. Raises DataError, with nothing
    written, for a folder of other files or a name that C does not take."""
    facts = read_image(image)
    name = require_identifier(name) if name else identifier(facts.name)
    library = Library(
        name=name,
        model=model,
        flash_bytes=len(image),
        ram_bytes=facts.arena_bytes,
        input_type=element(facts.inputs),
        output_type=element(facts.outputs),
        small=facts.layout == SMALL,
    )
    csrc = sources(facts.kernels, name, library.small, facts.forms)
    files = {
        f"src/{name}.h": header(facts, name, model),
        f"src/{name}.c": source(facts, image, name),
        **{f"src/{name}/{file}": text for file, text in csrc.items()},
        **KINDS[kind](library),
    }
    folders.write(folder, files, {"model": model, "as": kind, "name": name})
    return Exported(
        folder=str(folder),
        kind=kind,
        name=name,
        files=tuple(sorted(files)),
        kernels=facts.kernels,
        image_bytes=len(image),
        arena_bytes=facts.arena_bytes,
    )
