# SPDX-License-Identifier: Apache-2.0
"""Writes an export whole or not at all, and takes nothing that is not its own."""

from __future__ import annotations

import json
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeinfer.errors import DataError

MANIFEST = "edgeinfer.json"  # names every file of the export and the CRC-32 of what it wrote


def write(folder: Path, files: Mapping[str, str], facts: Mapping[str, Any]) -> None:
    """Put files (name → text) into a folder that is new, empty, or an earlier export.

    Of an earlier export its own files go and others stay. Raises DataError, before anything is
    changed, when a file would be lost that no export wrote or that was edited since."""
    earlier = _earlier(folder)
    contents = {name: text.encode() for name, text in files.items()}
    manifest = {**facts, "files": {name: zlib.crc32(data) for name, data in contents.items()}}
    contents[MANIFEST] = (json.dumps(manifest, indent=2) + "\n").encode()
    _refuse_losses(folder, contents, earlier)

    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, data in contents.items():
            file = staging / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        folder.mkdir(exist_ok=True)
        # From here on files are only renamed; the manifest, which says what may be replaced, last.
        for name in contents:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(folder / name)
        for name in earlier.keys() - contents.keys():
            (folder / name).unlink(missing_ok=True)
            _prune((folder / name).parent, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _earlier(folder: Path) -> dict[str, int]:
    """CRCs by name of an earlier export's files. Raises DataError for any other folder."""
    if not folder.parent.is_dir():
        raise DataError(f"There is no folder {folder.parent}.", "Make it first, or correct -o.")
    if not folder.exists() and not folder.is_symlink():
        return {}
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder.", "Name a folder with -o.")
    if not any(folder.iterdir()):
        return {}
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        found = {str(name): int(crc) for name, crc in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = None
    if found is None or any(_outside(name) for name in found):
        raise DataError(
            f"{folder} is not empty, and no earlier export: it has no valid {MANIFEST}.",
            "Choose a new folder with -o, or empty this one.",
        )
    return found


def _outside(name: str) -> bool:
    """Whether a manifest's name leads out of its folder."""
    return Path(name).is_absolute() or ".." in Path(name).parts


def _refuse_losses(folder: Path, new: Mapping[str, bytes], earlier: Mapping[str, int]) -> None:
    for name in sorted({*new, *earlier} - {MANIFEST}):
        file = folder / name
        if not file.exists() and not file.is_symlink():
            continue
        data = file.read_bytes() if file.is_file() else None
        if data is None or (data != new.get(name) and zlib.crc32(data) != earlier.get(name)):
            raise DataError(
                f"{file} was changed or put there since the last export.",
                "Move it elsewhere, or export into a new folder.",
            )


def _prune(folder: Path, top: Path) -> None:
    """Remove folders that have become empty, up to the top."""
    while folder != top and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
