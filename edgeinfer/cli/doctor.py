# SPDX-License-Identifier: Apache-2.0
"""edgeinfer doctor: what this PC has, lacks, and how to get it."""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
import sys
import tempfile
from typing import Any

import numpy as np

from edgeinfer import paths
from edgeinfer.boards import all_boards
from edgeinfer.build import needed_tools
from edgeinfer.cli.ui import Ui
from edgeinfer.errors import EdgeinferError
from edgeinfer.native import kernel_names

NAME, HELP = "doctor", "say what this PC lacks for boards and checks, and how to install it"
EXAMPLES = ("edgeinfer doctor", "edgeinfer doctor --json")

PACKAGES = (
    ("platformio", "builds firmware", "flash"),
    ("scons", "builds firmware", "flash"),
    ("smp", "loads models", "flash"),
)
ORACLE = "tflite-runtime"
ORACLE_PYTHON = (3, 11)  # the last one that it has wheels for


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    checks = [_library(), _cache()]
    checks += _tools()
    for name, purpose, extra in PACKAGES:
        version = _version(name)
        remedy = f"pip install 'edgeinfer[{extra}]'"
        checks.append(_check(name, _with(purpose, version), bool(version), remedy))
    checks.append(_oracle())
    missing = [check for check in checks if not check["ok"]]
    return {"checks": checks, "ok": not missing, "exit_status": 1 if missing else 0}


def show(result: dict[str, Any], ui: Ui) -> None:
    for check in result["checks"]:
        mark, style = ("ok     ", "green") if check["ok"] else ("missing", "red")
        ui.say(f"{mark}  {check['name']}: {check['purpose']}", style=style)
        if not check["ok"]:
            ui.say(f"         {check['remedy']}")


def _tools() -> list[dict[str, Any]]:
    """Compilers and emulators, with the boards that need them."""
    boards: dict[tuple[str, str], list[str]] = {}
    for board in all_boards():
        for need in needed_tools(board).items():
            boards.setdefault(need, []).append(board.name)
    checks = []
    for (tool, package), names in boards.items():
        found = shutil.which(tool) is not None
        purpose = f"for {', '.join(names)}"
        checks.append(_check(tool, purpose, found, f"sudo apt-get install {package}"))
    ssh, remedy = shutil.which("ssh") is not None, "sudo apt-get install openssh-client"
    return [*checks, _check("ssh", "for Linux boards of your own, by flash --ssh", ssh, remedy)]


def _library() -> dict[str, Any]:
    try:
        return _check("C library", f"{len(kernel_names())} kernels", True, "")
    except EdgeinferError as error:
        return _check("C library", error.what, False, error.remedy)


def _cache() -> dict[str, Any]:
    name = "build folder"
    try:
        folder = paths.cache_dir()
        with tempfile.TemporaryFile(dir=folder):
            return _check(name, str(folder), True, "")
    except OSError as error:
        what = f"{error.filename} cannot be written to"
        return _check(name, what, False, "Set EDGEINFER_CACHE to a folder that can.")


def _oracle() -> dict[str, Any]:
    """TFLite's reference kernels, or why there are none."""
    version, purpose = _version(ORACLE), "TFLite's reference kernels for 'verify'"
    if sys.version_info[:2] > ORACLE_PYTHON:
        purpose = "not made for this Python; 'verify' uses edgeinfer's numpy kernels instead"
        return _check(ORACLE, purpose, True, "")
    if version and int(np.__version__.split(".")[0]) > 1:
        what = f"{version} fails with numpy {np.__version__}"
        return _check(ORACLE, what, False, "pip install 'numpy<2'")
    remedy = "pip install 'edgeinfer[oracle]'"
    return _check(ORACLE, _with(purpose, version), bool(version), remedy)


def _version(package: str) -> str:
    """The version installed; empty when there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _with(purpose: str, version: str) -> str:
    return f"{purpose}, {version}" if version else purpose


def _check(name: str, purpose: str, ok: bool, remedy: str) -> dict[str, Any]:
    return {"name": name, "purpose": purpose, "ok": ok, "remedy": "" if ok else remedy}
