# SPDX-License-Identifier: Apache-2.0
"""Received bytes are taken by interrupt, kept while the board is busy, and never timed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import serial

from edgeinfer.boards import emulator
from edgeinfer.boards.board import all_boards, load_board
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.wire.device import Device
from tests.board.conftest import WIDTH, Desk
from tests.board.debugger import connect, symbol

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once

# One board for each kind of UART; the M33 and M55 have vectors of their own beside it.
UARTS = {board.port: board.name for board in all_boards() if board.has_debug_port}
BOARDS = sorted({*UARTS.values(), "mps2-an386", "mps2-an505", "mps3-an547"})


@pytest.mark.parametrize("name", BOARDS)
def test_a_byte_interrupts(name: str, desk: Desk) -> None:
    """The processor comes to the handler when, and only when, a byte does."""
    port = desk.port(name)
    running = emulator.find(name)
    assert running is not None
    nm = f"{TOOLCHAINS[load_board(name).toolchain].prefix}nm"
    place = symbol(Path(running.elf), "port_interrupt", nm)[0] & ~1
    with serial.Serial(port, timeout=10) as line:
        line.write(b"%")
        assert line.read_until(b"m-ready\r\n").endswith(b"m-ready\r\n")
        with connect(name) as debugger:
            assert debugger.ask(f"Z1,{place:x},2") == "OK"
            debugger.say("c")
            line.write(b"%")
            assert debugger.packet().startswith("T05")  # a breakpoint
            registers = debugger.ask("g")
            number = 15 if "arm" in nm else 32  # of the program counter
            at = bytes.fromhex(registers)[4 * number : 4 * number + 4]
            assert int.from_bytes(at, "little") == place
            assert debugger.ask(f"z1,{place:x},2") == "OK"
        assert line.read_until(b"m-ready\r\n") == b"m-ready\r\n"


@pytest.mark.parametrize("name", BOARDS)
def test_what_comes_amid_a_reply_is_kept_and_not_timed(name: str, desk: Desk) -> None:
    """Commands at once, more bytes than the ring holds, some of them while inferences run."""
    port, commands = desk.port(name), 60
    with Device(port) as device:
        device.load_input(bytes(2 * WIDTH))
        (quiet,) = device.run_ticks()
        link, deadline = device.link, time.monotonic() + 60
        link.send(b"ei run 3%" + b"\r\n" * 20 + b"ei steps%name%" * commands + b"timestamp%")
        lines: list[bytes] = []
        while not lines or not lines[-1].startswith(b"m-lap-us-"):
            line = link.read_line(deadline)
            assert line is not None
            lines.append(line)
        assert link.read_line(deadline) == b"m-ready"
        ran = [each for each in lines if each.startswith(b"m-ei-run-")]
        assert ran == [b"m-ei-run-[%d]" % quiet] * 3
        assert lines.count(b"m-name-dut-[edgeinfer]") == commands
        steps = [each for each in lines if each.startswith(b"m-ei-step-")]
        assert steps == steps[: device.info().steps] * commands
