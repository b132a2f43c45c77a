# SPDX-License-Identifier: Apache-2.0
"""The .tflite format: bytes ⇄ Graph."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Graph
from edgeinfer.tflite.reader import read_bytes
from edgeinfer.tflite.types import RESOURCE
from edgeinfer.tflite.writer import write

__all__ = ["RESOURCE", "read", "read_file", "write", "write_file"]


def read(source: bytes | bytearray | memoryview | str | os.PathLike[str]) -> Graph:
    """The graph in a .tflite file, given as its bytes or its path.

    Raises ModelError if it is no sound .tflite file, UnsupportedError if it holds what edgeinfer
    cannot, such as string tensors."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return read_bytes(bytes(source))
    return read_file(source)


def read_file(path: str | os.PathLike[str]) -> Graph:
    """The graph in a .tflite file. Raises as `read`, and ModelError if there is no such file."""
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise ModelError(
            f"Cannot read the model '{os.fspath(path)}': {_reason(error)}.",
            "Give the path of a .tflite file.",
        ) from error
    try:
        return read_bytes(data)
    except (ModelError, UnsupportedError) as error:
        raise type(error)(f"{os.fspath(path)}: {error.what}", error.remedy) from error


def write_file(path: str | os.PathLike[str], graph: Graph) -> None:
    """Write a .tflite file whole or not at all. Raises as `write`, and ModelError if it cannot."""
    data = write(graph)
    target = Path(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # temporary files are private, models are not
        temporary.replace(target)
    except (OSError, ValueError) as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise ModelError(
            f"Cannot write the model '{os.fspath(path)}': {_reason(error)}.",
            "Give a path in a folder that exists and may be written to.",
        ) from error


def _reason(error: OSError | ValueError) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return (text or str(error)).lower()
