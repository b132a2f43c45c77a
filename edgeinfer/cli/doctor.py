# SPDX-License-Identifier: Apache-2.0
"""edgeinfer doctor: what this PC has, lacks, and how to get it."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer import paths
from edgeinfer.boards.board import Board, all_boards, load_board, real_board
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.cli.ui import Ui, some
from edgeinfer.errors import EdgeinferError
from edgeinfer.firmware.build import needed_tools
from edgeinfer.native import kernel_names
from edgeinfer.wire import access, ports

NAME, HELP = "doctor", "say what this PC lacks for boards and checks, and how to install it"
EXAMPLES = (
    "edgeinfer doctor",
    "edgeinfer doctor --board nano33ble   # only what this board needs",
    "edgeinfer doctor --json",
)

PACKAGES = (
    ("platformio", "builds firmware", "flash"),
    ("scons", "builds firmware", "flash"),
    ("smp", "loads models", "flash"),
)
ORACLE = "tflite-runtime"
ORACLE_PYTHON = (3, 11)  # the last one that it has wheels for
_APT = Path("/usr/bin/apt-get")
_SHOWN = 6  # boards that a line names at most


@dataclass(frozen=True)
class Check:
    """One thing that is there or is not, and what would bring it: Debian packages, an extra of
    this package, a requirement of pip's, a shell command; or what only a person can do."""

    name: str
    purpose: str
    ok: bool
    apt: str = ""
    extra: str = ""
    pip: str = ""
    command: str = ""
    advice: str = ""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--board", metavar="B", help="only what this board needs")


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    board = load_board(args.board) if args.board is not None else None
    with ui.progress("Looking"):
        checks = [_library(), _cache(), *_tools([board] if board else all_boards())]
        for name, purpose, extra in PACKAGES:
            version = _version(name)
            checks.append(Check(name, _with(purpose, version), bool(version), extra=extra))
        if board and not (real := real_board(board)).local:
            checks.append(_platform(real))
        if board is None:
            checks += [_ssh(), _oracle()]
        elif board.hosted and board.emulated:
            checks.append(_ssh())
        checks += _usb(board)
    missing = [check for check in checks if not check.ok]
    return {
        "board": board.name if board else None,
        "checks": [
            {
                "name": check.name,
                "purpose": check.purpose,
                "ok": check.ok,
                "remedy": "" if check.ok else _remedy([check]),
            }
            for check in checks
        ],
        "install": install(missing),
        "ok": not missing,
        "exit_status": 1 if missing else 0,
    }


def show(result: dict[str, Any], ui: Ui) -> None:
    for check in result["checks"]:
        mark, style = ("ok     ", "green") if check["ok"] else ("missing", "red")
        ui.say(f"{mark}  {check['name']}: {check['purpose']}", style=style)
        if not check["ok"]:
            ui.say(f"         {check['remedy']}")
    lacking = sum(not check["ok"] for check in result["checks"])
    if lacking == 0:
        ui.say(f"All that {result['board'] or 'edgeinfer'} needs is here.")
    elif result["install"]:
        ui.say()
        ui.say(f"{some(lacking, 'thing')} missing. In one command:")
        ui.say(f"  {result['install']}")


def install(missing: list[Check]) -> str:
    """The one command that brings all that is missing; "" if only a person can."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    steps = []
    packages = sorted({each for check in missing for each in check.apt.split()})
    if packages and _has_apt():
        steps.append(f"{sudo}apt-get install -y {' '.join(packages)}")
    extras = ",".join(sorted({check.extra for check in missing if check.extra}))
    wanted = [f"'edgeinfer[{extras}]'"] if extras else []
    wanted += [f"'{check.pip}'" for check in missing if check.pip]
    if wanted:
        steps.append(f"{_ours('pip', 'pip')} install {' '.join(wanted)}")
    commands = [check.command.replace("sudo ", sudo) for check in missing if check.command]
    return " && ".join(dict.fromkeys(steps + commands))


def _remedy(missing: list[Check]) -> str:
    advice = [check.advice for check in missing if check.advice]
    if not _has_apt():
        names = " ".join(check.apt for check in missing if check.apt)
        advice += [f"Install what Debian calls {names}."] if names else []
    command = install(missing)
    return "; ".join([command, *advice] if command else advice)


def _has_apt() -> bool:
    return shutil.which("apt-get") is not None or _APT.exists()


def _ours(program: str, module: str) -> str:
    """How to call a program of the Python that runs this, which may not be the first on PATH."""
    found = shutil.which(program)
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return program if ours else f"{sys.executable} -m {module}"


def _tools(boards: list[Board]) -> list[Check]:
    """Compilers and emulators, with the boards that need them."""
    users: dict[tuple[str, str], list[str]] = {}
    for board in boards:
        needs = needed_tools(board)
        needs |= dict.fromkeys(board.arduino_core[:1], TOOLCHAINS[board.toolchain].package)
        for need in needs.items():
            users.setdefault(need, []).append(board.name)
    return [
        Check(tool, f"for {_some_of(names)}", _is_there(tool), apt=package)
        for (tool, package), names in users.items()
    ]


def _is_there(tool: str) -> bool:
    return Path(tool).is_dir() if "/" in tool else shutil.which(tool) is not None


def _some_of(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _ssh() -> Check:
    purpose = "for Linux boards of your own, by flash --ssh"
    return Check("ssh", purpose, _is_there("ssh"), apt="openssh-client")


def _library() -> Check:
    try:
        return Check("C library", f"{len(kernel_names())} kernels", True)
    except EdgeinferError as error:
        return Check("C library", error.what, False, advice=error.remedy)


def _cache() -> Check:
    name = "build folder"
    try:
        folder = paths.cache_dir()
        with tempfile.TemporaryFile(dir=folder):
            return Check(name, str(folder), True)
    except OSError as error:
        what = f"{error.filename} cannot be written to"
        return Check(name, what, False, advice="Set EDGEINFER_CACHE to a folder that can.")


def _platform(board: Board) -> Check:
    """PlatformIO's platform, which brings compiler, framework and uploader; who has a board only
    emulated does without."""
    framework = "Arduino framework, " if board.arduino else ""
    purpose = f"PlatformIO's platform for {board.name}: compiler, {framework}uploader"
    if board.two_sided:
        purpose += "; only for a real one, and fetched when that is first flashed"
        return Check(board.platform, purpose, True)
    pio = _ours("pio", "platformio")
    command = f"{pio} pkg install --global --platform '{board.platform}'"
    advice = "the first flash fetches it, too; either needs the internet"
    try:
        from platformio.package.manager.platform import PlatformPackageManager
    except ImportError:
        return Check(board.platform, purpose, False, command=command, advice=advice)
    found = PlatformPackageManager().get_package(board.platform)
    return Check(board.platform, purpose, found is not None, command=command, advice=advice)


def _usb(board: Board | None) -> list[Check]:
    """What the system must allow for a board on USB: one that was asked for, or that is there."""
    known = [board] if board else all_boards()
    there = [
        each
        for each in ports.on_usb()
        if any(ports.runs_program(each, b) or ports.in_boot_loader(each, b) for b in known)
    ]
    if not there and (board is None or board.two_sided or not board.usb.program):
        return []
    group = access.missing_group([each.port for each in there if each.port])
    joined = bool(group) and access.joined(group)
    checks = [
        Check(
            "serial ports",
            f"belong to the group {group}, and you do not" if group else "you may use them",
            not group,
            command="" if joined or not group else f"sudo usermod -aG {group} $USER",
            advice="log out and in again",
        )
    ]
    if access.lacks_rules():
        checks.append(
            Check(
                "udev rules",
                "for uploaders that talk to USB themselves (DFU, ST-Link, CMSIS-DAP, Pico, Teensy)",
                False,
                command=_rules_command(),
            )
        )
    return checks


def _rules_command() -> str:
    """Install the rules that come with PlatformIO."""
    python = f"import platformio as p; print(p.__path__[0] + '/assets/system/99-{access.RULES}')"
    return (
        f'sudo cp "$({sys.executable} -c "{python}")" {access.RULES_FOLDERS[0]} '
        "&& sudo udevadm control --reload-rules && sudo udevadm trigger"
    )


def _oracle() -> Check:
    """TFLite's reference kernels, or why there are none."""
    version, purpose = _version(ORACLE), "TFLite's reference kernels for 'verify'"
    if sys.version_info[:2] > ORACLE_PYTHON:
        purpose = "not made for this Python; 'verify' uses edgeinfer's numpy kernels instead"
        return Check(ORACLE, purpose, True)
    if version and int(np.__version__.split(".")[0]) > 1:
        what = f"{version} fails with numpy {np.__version__}"
        return Check(ORACLE, what, False, pip="numpy<2")
    return Check(ORACLE, _with(purpose, version), bool(version), extra="oracle")


def _version(package: str) -> str:
    """The version installed; empty when there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _with(purpose: str, version: str) -> str:
    return f"{purpose}, {version}" if version else purpose
