# SPDX-License-Identifier: Apache-2.0
"""Board files, missing tools, emulators that die."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from edgeinfer import paths
from edgeinfer.boards import emulator
from edgeinfer.boards.board import all_boards, load_board
from edgeinfer.errors import BoardError
from edgeinfer.firmware import build
from edgeinfer.firmware.flash import flash

COUNTING = {"cortex-m3", "cortex-m4f", "cortex-m7", "cortex-m33"}
COUNTING |= {"xtensa-lx106", "xtensa-lx6", "xtensa-lx7", "rv32imc"}

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once


def test_every_board_file_is_read() -> None:
    names = [board.name for board in all_boards()]
    assert {"netduinoplus2", "mps2-an386", "microbit"} <= set(names)
    for board in all_boards():
        source = paths.share("firmware") / "src"
        assert (source / f"port_{board.port}.{'cpp' if board.arduino else 'c'}").is_file()
        assert board.arduino or (source / f"timer_{board.timer}.c").is_file()
        # Cores with such a counter, and no others, have it named.
        counts = board.core in COUNTING and board.arduino
        assert bool(board.cycle_counter) == counts, board.name
        assert board.runs_here or (board.arduino and board.usb.program and board.platformio_board)


def test_a_board_like_another_says_only_what_differs() -> None:
    like, own = load_board("hifive1"), load_board("hifive1-revb")
    assert own.ram_bytes == like.ram_bytes
    assert own.flash_origin != like.flash_origin
    assert own.title != like.title


def test_unknown_board_names_near_ones() -> None:
    with pytest.raises(BoardError, match="Did you mean microbit") as caught:
        load_board("micro:bit")
    assert "edgeinfer boards" in caught.value.remedy
    with pytest.raises(BoardError):
        load_board("../boards/microbit")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("flash_bytes = 262_144", "", "lacks 'flash_bytes'"),
        ("clock_hz = 16_000_000", "clock_hz = fast", "cannot be read"),
        ('verified = "emulator"', 'verified = "sure"', "'sure' is unknown"),
        ('toolchain = "arm-none-eabi"', 'toolchain = "cc"', "toolchain = 'cc' is unknown"),
        ("[core]", 'like = "none"\n[core]', "cannot be read: .*none.toml"),
    ],
)
def test_wrong_board_file(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (paths.share("boards") / "microbit.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(paths, "share", lambda name: tmp_path)
    with pytest.raises(BoardError, match=message):
        load_board("mine")


def test_ticks_become_instructions() -> None:
    board = load_board("netduinoplus2")  # 168 MHz, 8 ns per instruction
    assert board.amount(1_344_000) == 1_000_000
    assert board.unit == "instructions"
    cycles = load_board("nano33ble")
    assert (cycles.unit, cycles.amount(123), cycles.clock_hz) == ("cycles", 123, 64_000_000)
    assert load_board("pico").unit == load_board("uno").unit == "us"
    real = dataclasses.replace(board, emulator=())
    assert (real.unit, real.amount(168_000)) == ("us", 1000)


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    board = load_board("microbit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BoardError, match="arm-none-eabi-gcc is not installed") as caught:
        build.require_tools(board)
    assert "apt-get install gcc-arm-none-eabi" in caught.value.remedy
    compiler = tmp_path / "arm-none-eabi-gcc"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    with pytest.raises(BoardError, match="qemu-system-arm is not installed"):
        build.require_tools(board)


def test_code_that_does_not_compile_is_shown(image: bytes, cache: Path) -> None:
    board = dataclasses.replace(load_board("microbit"), timer="none")
    with pytest.raises(BoardError, match=r"does not build: .*undefined reference to `timer_"):
        flash(image, board, project_name="broken")


def test_emulator_that_ends_at_once(image: bytes, cache: Path) -> None:
    # By its own name, so that its firmware is the one that other tests have built.
    board = dataclasses.replace(
        load_board("microbit"), emulator=("qemu-system-arm", "-M", "nomachine")
    )
    with pytest.raises(BoardError, match=r"The emulator of microbit ended: .*machine"):
        flash(image, board)


def test_stale_record_of_an_emulator(cache: Path) -> None:
    record = paths.state_dir() / "ghost.json"
    facts = {"board": "ghost", "pid": os.getpid(), "port": "/dev/none", "elf": "/nowhere.elf"}
    record.write_text(json.dumps(facts))
    assert emulator.find("ghost") is None  # that process is another program
    assert not record.exists()
    record.write_text("{")
    assert emulator.find("ghost") is None
