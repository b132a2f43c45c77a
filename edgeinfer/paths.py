# SPDX-License-Identifier: Apache-2.0
"""Where edgeinfer's own files lie, and where it may write."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def share(name: str) -> Path:
    """The folder "boards", "csrc" or "firmware": of an installed wheel, else of the checkout."""
    installed = _PACKAGE / "_share" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def cache_dir() -> Path:
    """Builds and downloads: EDGEINFER_CACHE, else the XDG cache. Made when it is missing."""
    named = os.environ.get("EDGEINFER_CACHE")
    xdg = os.environ.get("XDG_CACHE_HOME")
    base = Path(xdg) if xdg else Path.home() / ".cache"
    folder = Path(named).expanduser() if named else base / "edgeinfer"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def state_dir() -> Path:
    """What is running now: one file per emulated board."""
    folder = cache_dir() / "running"
    folder.mkdir(exist_ok=True)
    return folder
