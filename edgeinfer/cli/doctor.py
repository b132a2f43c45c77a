# SPDX-License-Identifier: Apache-2.0
"""edgeinfer doctor: what this PC has, lacks, and how to get it."""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
from typing import Any

from edgeinfer.cli.ui import Ui
from edgeinfer.errors import EdgeinferError
from edgeinfer.native import kernel_names

NAME, HELP = "doctor", "say what this PC lacks for boards and checks, and how to install it"
EXAMPLES = ("edgeinfer doctor", "edgeinfer doctor --json")

TOOLS = (
    ("arm-none-eabi-gcc", "cross compiler for Arm boards", "gcc-arm-none-eabi"),
    ("qemu-system-arm", "emulator of Arm boards", "qemu-system-arm"),
)
PACKAGES = (
    ("platformio", "builds firmware", "flash"),
    ("scons", "builds firmware", "flash"),
    ("tflite-runtime", "TFLite's reference kernels for 'verify'", "oracle"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    checks: list[dict[str, Any]] = []
    try:
        checks.append(_check("C library", f"{len(kernel_names())} kernels", True, ""))
    except EdgeinferError as error:
        checks.append(_check("C library", error.what, False, error.remedy))
    for tool, purpose, package in TOOLS:
        place = shutil.which(tool)
        checks.append(_check(tool, purpose, place is not None, f"sudo apt-get install {package}"))
    for name, purpose, extra in PACKAGES:
        try:
            found = f"{purpose}, {importlib.metadata.version(name)}"
            checks.append(_check(name, found, True, ""))
        except importlib.metadata.PackageNotFoundError:
            checks.append(_check(name, purpose, False, f"pip install 'edgeinfer[{extra}]'"))
    missing = [check for check in checks if not check["ok"]]
    return {"checks": checks, "ok": not missing, "exit_status": 1 if missing else 0}


def show(result: dict[str, Any], ui: Ui) -> None:
    for check in result["checks"]:
        mark, style = ("ok     ", "green") if check["ok"] else ("missing", "red")
        ui.say(f"{mark}  {check['name']}: {check['purpose']}", style=style)
        if not check["ok"]:
            ui.say(f"         {check['remedy']}")


def _check(name: str, purpose: str, ok: bool, remedy: str) -> dict[str, Any]:
    return {"name": name, "purpose": purpose, "ok": ok, "remedy": "" if ok else remedy}
