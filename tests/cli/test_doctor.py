# SPDX-License-Identifier: Apache-2.0
"""doctor: what is missing, and one command that brings all of it."""

from __future__ import annotations

import grp
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeinfer.cli import doctor
from edgeinfer.cli.doctor import Check
from edgeinfer.wire import access, ports
from tests.board.usb import connect
from tests.cli.conftest import Cli

NANO, PICO_BOOT = (0x2341, 0x805A), (0x2E8A, 0x0003)
SPOKEN = "sudo", "apt-get", "usermod", "cp", "udevadm", "pio", "pip"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user of no groups, on a PC with udev and nothing on USB."""
    connect(monkeypatch, {})
    monkeypatch.setattr(ports, "_USB_DEVICES", tmp_path / "devices")
    monkeypatch.setattr(access, "RULES_FOLDERS", (tmp_path / "rules.d",))
    (tmp_path / "rules.d").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "getgroups", list)
    monkeypatch.setattr(os, "getegid", lambda: 12345)
    monkeypatch.setattr(grp, "getgrnam", _group)


def _group(name: str) -> grp.struct_group:
    if name != "dialout":
        raise KeyError(name)
    return grp.struct_group(("dialout", "x", 20, []))


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PC where every program that the command may name only writes down how it was called."""
    tools, log = tmp_path / "bin", tmp_path / "log"
    tools.mkdir()
    for name in SPOKEN:
        rest = '"$@"' if name == "sudo" else ""
        (tools / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {log}\n{rest}\n')
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(sys, "executable", str(tools / "python"))
    (tools / "python").write_text(f"#!/bin/sh\necho rules\necho python {'$#'} >> {log}\n")
    (tools / "python").chmod(0o755)
    return log


def ran(command: str, log: Path) -> list[str]:
    """What the command called, run by a shell; without what sudo was called for, twice."""
    subprocess.run(["/bin/sh", "-ec", command], check=True)
    return [line for line in log.read_text().splitlines() if not line.startswith("sudo ")]


def test_one_command_brings_all(cli: Cli, record: Path) -> None:
    done, data = (
        cli("doctor", "--board", "microbit"),
        cli("doctor", "--board", "microbit", "--json"),
    )
    assert (done.status, data.status, data.json["ok"]) == (1, 1, False)
    command = data.json["install"]
    assert f"  {command}" in done.out.splitlines()
    assert "missing  arm-none-eabi-gcc: for microbit" in done.out
    assert ran(command, record) == [
        "apt-get install -y gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
    ]
    assert "sudo apt-get" in record.read_text()


def test_a_real_board(cli: Cli, record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its platform, the group of serial ports, and rules for its uploader."""
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(record.parent / "pio"))
    monkeypatch.setattr(doctor, "_version", lambda package: "" if package == "smp" else "1")
    monkeypatch.setenv("USER", "ada")
    data = cli("doctor", "--board", "nano33ble", "--json")
    assert data.status == 1
    missing = {check["name"]: check for check in data.json["checks"] if not check["ok"]}
    assert list(missing) == ["smp", "nordicnrf52", "serial ports", "udev rules"]
    assert "log out and in again" in missing["serial ports"]["remedy"]
    assert ran(data.json["install"], record) == [
        "pip install edgeinfer[flash]",
        "pio pkg install --global --platform nordicnrf52",
        "usermod -aG dialout ada",
        "python 2",
        f"cp rules {record.parent / 'rules.d'}",
        "udevadm control --reload-rules",
        "udevadm trigger",
    ]


def test_a_board_emulated_and_real(cli: Cli, record: Path) -> None:
    """What only the real one needs is said, and not missed."""
    data = cli("doctor", "--board", "hifive1-revb", "--json")
    checks = {check["name"]: check for check in data.json["checks"]}
    assert checks["sifive"]["ok"] and "only for a real one" in checks["sifive"]["purpose"]
    assert not checks["qemu-system-riscv32"]["ok"] and "udev rules" not in checks


def test_what_is_there_is_not_asked_for(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getgroups", lambda: [20])
    (tmp_path / "rules.d" / "99-platformio-udev.rules").touch()
    core = tmp_path / "pio" / "platforms" / "nordicnrf52"
    core.mkdir(parents=True)
    (core / "platform.json").write_text('{"name": "nordicnrf52", "version": "10.0.0"}')
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "pio"))
    done = cli("doctor", "--board", "nano33ble")
    assert done.status == 0, done.out
    assert done.out.endswith("All that nano33ble needs is here.\n")
    names = [line.split()[1] for line in done.out.splitlines()[:-1]]
    assert "qemu-system-arm:" not in names and "tflite-runtime:" not in names


def test_a_board_that_is_plugged_in_needs_permission(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks() -> list[str]:
        checks = cli("doctor", "--json").json["checks"]
        return [check["name"] for check in checks if not check["ok"]]

    assert lacks() == []
    port = tmp_path / "ttyACM0"
    port.touch()
    connect(monkeypatch, {str(port): NANO})
    assert lacks() == ["udev rules"]  # whoever may open the port needs no group
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(port))
    group = grp.getgrgid(port.stat().st_gid).gr_name
    data = cli("doctor", "--json").json
    assert f"sudo usermod -aG {group} $USER" in data["install"]
    monkeypatch.setattr(access, "joined", lambda name: name == group)
    data = cli("doctor", "--json").json
    assert "usermod" not in data["install"]
    (check,) = [each for each in data["checks"] if each["name"] == "serial ports"]
    assert not check["ok"] and check["remedy"] == "log out and in again"


def test_without_apt_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(doctor, "_APT", Path("/nowhere/apt-get"))
    check = Check("avr-gcc", "for uno", False, apt="gcc-avr avr-libc")
    assert doctor._remedy([check]) == "Install what Debian calls gcc-avr avr-libc."
    assert doctor.install([check]) == ""


def test_root_needs_no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    checks = [Check("a", "", False, apt="b"), Check("c", "", False, command="sudo d")]
    assert "sudo" not in doctor.install(checks)
    assert access.missing_group() == ""


def test_an_unknown_board(cli: Cli) -> None:
    done = cli("doctor", "--board", "micro:bit")
    assert done.status == 2
    assert "There is no board 'micro:bit'." in done.err
