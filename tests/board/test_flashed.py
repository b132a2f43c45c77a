# SPDX-License-Identifier: Apache-2.0
"""Emulated boards stay plugged in while they are flashed, through their debug ports."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
from pathlib import Path

import pytest

from edgeinfer.boards import debugger, emulator, probe
from edgeinfer.boards.board import all_boards, load_board
from edgeinfer.boards.emulator import Emulator
from edgeinfer.errors import BoardError, DeviceError
from edgeinfer.firmware.flash import flash
from edgeinfer.image import read_image
from edgeinfer.wire.device import Device
from edgeinfer.wire.smp import Smp
from tests.board.conftest import WIDTH, Desk, two_inputs_like
from tests.board.debugger import connect
from tests.conftest import cache_of_its_own

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once

MACHINES = tuple(board.name for board in all_boards() if board.has_debug_port)
BOARD = "microbit"


def running(name: str) -> Emulator:
    found = emulator.find(name)
    assert found is not None
    return found


def runs(port: str) -> tuple[int, int, int]:
    """CRC of the image that runs and proves itself, its slot, and what an inference takes."""
    with Device(port) as device:
        device.selftest()
        device.load_input(bytes(2 * WIDTH))
        (ticks,) = device.run_ticks()
        return device.info().image_crc, device.info().slot, ticks


@pytest.mark.parametrize("name", MACHINES)
def test_flashed_while_plugged_in(name: str, desk: Desk, image: bytes) -> None:
    """The same process and port, and the same ticks as on a fresh one, model after model."""
    board, other = load_board(name), two_inputs_like(8)
    desk.program(name)
    emulator.stop(name)
    blank = emulator.start(board)
    assert blank.blank and running(name).blank
    for _ in range(2):
        emulator.put(board, desk.program(name))
        first = runs(blank.port)
        assert first[:2] == (read_image(image).crc, 0)
        flash(other, board, project_name="again")
        assert runs(blank.port) == (read_image(other).crc, 0, first[2])
        assert running(name).pid == blank.pid and not running(name).blank
    emulator.stop(name)
    assert not Path(blank.debug).exists()


@pytest.mark.parametrize("name", ["microbit", "riscv-virt", "mps2-an386"])
def test_uploaded_models_go(name: str, desk: Desk, image: bytes) -> None:
    """From flash as from RAM, also when the very same firmware is flashed again, and for good."""
    board, other = load_board(name), two_inputs_like(8)
    port = desk.port(name)
    with Device(port) as device:
        client = Smp(device.link)
        client.upload(other)
        client.switch(other)
    assert runs(port)[:2] == (read_image(other).crc, 1)
    before = running(name).pid
    emulator.put(board, desk.program(name))
    assert runs(port)[:2] == (read_image(image).crc, 0)
    assert running(name).pid == before
    emulator.stop(name)
    assert runs(emulator.start(board, desk.program(name)).port)[:2] == (read_image(image).crc, 0)


def test_a_dead_one_is_replaced(desk: Desk, image: bytes) -> None:
    desk.port(BOARD)
    before = running(BOARD)
    os.kill(before.pid, signal.SIGKILL)
    again = emulator.put(load_board(BOARD), desk.program(BOARD))
    assert again.pid != before.pid
    assert runs(again.port)[0] == read_image(image).crc


def test_one_of_another_kind_is_replaced(desk: Desk, image: bytes) -> None:
    """As after an edit of the board's file: another machine, other timing."""
    desk.port(BOARD)
    before = running(BOARD)
    board = dataclasses.replace(load_board(BOARD), icount_shift=5)
    assert emulator.put(board, desk.program(BOARD)).pid != before.pid
    emulator.stop(BOARD)


def test_one_that_hangs_is_said(desk: Desk, image: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debugger, "SECONDS", 0.5)
    desk.port(BOARD)
    os.kill(running(BOARD).pid, signal.SIGSTOP)
    with pytest.raises(DeviceError, match="does not answer at its debug port") as caught:
        emulator.put(load_board(BOARD), desk.program(BOARD))
    assert f"edgeinfer boards --stop {BOARD}" in caught.value.remedy
    assert emulator.stop(BOARD)


def test_a_debugger_that_has_the_port_is_said(
    desk: Desk, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.port(BOARD)
    with connect(BOARD):
        monkeypatch.setattr(debugger, "SECONDS", 0.5)
        with pytest.raises(DeviceError, match="does not answer") as caught:
            emulator.put(load_board(BOARD), desk.program(BOARD))
        assert "Close a debugger" in caught.value.remedy
    assert running(BOARD).blank  # whoever was let in late may have written something
    assert runs(emulator.put(load_board(BOARD), desk.program(BOARD)).port)


def test_a_line_that_is_in_use_stops_it_beforehand(desk: Desk, image: bytes) -> None:
    port = desk.port(BOARD)
    with (
        Path(port).open("rb", buffering=0) as line,
        subprocess.Popen(["sleep", "60"], stdin=line) as other,
    ):
        try:
            with pytest.raises(DeviceError, match=f"{port} is in use by sleep"):
                flash(two_inputs_like(8), load_board(BOARD), project_name="again")
        finally:
            other.kill()
    assert runs(port)[0] == read_image(image).crc


def test_a_wrong_address_is_said(image: bytes, cache: Path) -> None:
    board = dataclasses.replace(load_board(BOARD), name="wrong", flash_origin=0x30000000)
    with pytest.raises(DeviceError, match="refuses to be read at 0x30000000"):
        flash(image, board)
    assert emulator.find("wrong") is None


def test_a_file_that_is_no_firmware(tmp_path: Path) -> None:
    for data in (b"", b"\x7fELF\x01\x01", b"\x7fELF\x02\x01" + bytes(100)):
        (tmp_path / "elf").write_bytes(data)
        with pytest.raises(BoardError, match="is no firmware"):
            probe.segments(tmp_path / "elf")


def test_a_cache_of_a_long_name(tmp_path: Path, desk: Desk, image: bytes) -> None:
    """Paths of sockets are short."""
    program, folder = desk.program(BOARD), tmp_path / ("long" * 20)
    folder.mkdir(parents=True)
    with cache_of_its_own(folder):
        here = emulator.start(load_board(BOARD), program)
        assert len(here.debug) <= 100
        assert runs(here.port)[0] == read_image(image).crc
        assert emulator.find(BOARD) == here
        assert emulator.stop(BOARD) and not Path(here.debug).exists()
