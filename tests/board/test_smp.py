# SPDX-License-Identifier: Apache-2.0
"""SMP beside the ASCII commands, as smpmgr speaks it, which knows nothing of this project."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.firmware.flash import flash
from edgeinfer.image import read_image
from edgeinfer.wire.device import Device
from edgeinfer.wire.link import Link
from tests.board.conftest import Desk, two_inputs_like

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once

# One for each port, and each kind of processor.
NAMES = ("microbit", "stm32vldiscovery", "lm3s6965evb", "netduinoplus2", "mps2-an505", "hifive1")
NAMES += ("riscv-virt", "rpi-zero-w", "rpi3", "local")
TEXT = "what is longer than one line of base64 can hold goes on the next, " * 2


class Client:
    """smpmgr, the independent client, imported once for all that it is told."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "out", folder / "errors"
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("forking.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, port: str, *words: str) -> str:
        """What it prints; it must end well."""
        arguments = ["--port", port, "--timeout", "10", *words]
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps([arguments, *map(str, self._said)]), file=self._process.stdin, flush=True)
        status = self._process.stdout.readline()
        out, errors = (file.read_text(encoding="utf-8") for file in self._said)
        assert status == "0\n", out + errors
        return " ".join(out.split())

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def smpmgr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(tmp_path_factory.mktemp("smpmgr"))
    yield client
    client.close()


@pytest.mark.parametrize("name", NAMES)
def test_smpmgr_echoes_and_resets(name: str, desk: Desk, smpmgr: Client) -> None:
    port = desk.port(name)
    assert f"r='{TEXT.strip()}'" in smpmgr(port, "os", "echo", TEXT.strip())
    assert "ResetWriteResponse" in smpmgr(port, "os", "reset")
    assert "r='again'" in smpmgr(port, "os", "echo", "again")
    with Device(port) as device:
        device.selftest()


# One for each kind of store; a model in RAM ends with a reset.
STORES = {"microbit": True, "netduinoplus2": False, "riscv-virt": True, "rpi3": True, "local": True}


@pytest.mark.parametrize("name", STORES)
def test_smpmgr_swaps_the_model(
    name: str, desk: Desk, image: bytes, smpmgr: Client, tmp_path: Path
) -> None:
    board, other = load_board(name), two_inputs_like(8)
    file, sha = tmp_path / "other.image", hashlib.sha256(other).hexdigest()
    file.write_bytes(other)
    emulator.stop(name)
    port = emulator.start(board, desk.program(name), blank=True).port
    assert "active=True" in smpmgr(port, "image", "state-read")
    smpmgr(port, "image", "upload", "--format", "any", str(file))
    assert _running(port) == image  # it was not told to switch
    assert "rsn" not in smpmgr(port, "image", "state-write", sha, "--confirm")
    assert _running(port) == other
    slot = smpmgr(port, "image", "state-read").split("ImageState")[2]
    assert f"slot=1, version='two-8', image=None, hash=HashBytes( '{sha.upper()}' )" in slot
    assert "confirmed=True, active=True" in slot
    assert "The model in this slot is in use" in smpmgr(port, "image", "erase", "1")
    smpmgr(port, "os", "reset")
    assert _running(port) == (other if STORES[name] else image)
    emulator.stop(name)  # the power fails
    port = emulator.start(board, desk.program(name)).port
    kept = STORES[name] and name != "microbit"  # whose flash is in QEMU's memory
    assert _running(port) == (other if kept else image)
    emulator.stop(name)
    port = emulator.start(board, desk.program(name), blank=True).port
    assert _running(port) == image


def _running(port: str) -> bytes:
    """The image that runs, of those that this test knows, which has proved itself."""
    with Device(port) as device:
        device.selftest()
        found = device.info().image_crc
    return next(i for i in (two_inputs_like(7), two_inputs_like(8)) if read_image(i).crc == found)


class Line:
    """A board's line, byte by byte."""

    def __init__(self, port: str) -> None:
        self.port = serial.Serial(port, timeout=10.0)

    def ask(self, data: bytes, end: bytes) -> bytes:
        self.port.write(data)
        return self.port.read_until(end)

    def silent(self, data: bytes) -> None:
        """Nothing comes back, and then an empty command is answered."""
        self.port.write(data)
        time.sleep(0.05)
        assert self.ask(b"%", b"\n") == b"m-ready\r\n"


@pytest.fixture
def line(desk: Desk) -> Iterator[Line]:
    port = desk.port("netduinoplus2")
    with Link(port) as link:  # what a board says that has only just started
        link.hello()
    opened = Line(port)
    opened.silent(b"")
    yield opened
    opened.port.close()


def message(group: int, command: int, body: bytes, op: int = 2, sequence: int = 7) -> bytes:
    return struct.pack(">BBHHBB", 8 | op, 0, len(body), group, sequence, command) + body


def crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = crc << 1 ^ (0x1021 if crc & 0x8000 else 0)
    return crc & 0xFFFF


def packet(data: bytes) -> bytes:
    return struct.pack(">H", len(data) + 2) + data + struct.pack(">H", crc16(data))


def frame(data: bytes) -> bytes:
    """A message on one line."""
    return b"\x06\x09" + base64.b64encode(packet(data)) + b"\n"


ECHO = frame(message(0, 0, b"\xa1\x61d\x62hi"))
ECHOED = frame(message(0, 0, b"\xbf\x61r\x62hi\xff", op=3))


def test_a_frame_may_come_at_any_time(line: Line) -> None:
    assert line.ask(ECHO, b"\n") == ECHOED
    assert line.ask(b"na" + ECHO, b"\n") == ECHOED  # the command that it breaks into is forgotten
    assert line.ask(b"name%", b"m-ready\r\n") == b"m-name-dut-[edgeinfer]\r\nm-ready\r\n"


def test_lines_may_be_of_any_length_and_padded_each(line: Line) -> None:
    whole = packet(message(0, 0, b"\xa1\x61d\x62hi"))
    lines = [whole[at : at + 4] for at in range(0, len(whole), 4)]
    begins = [b"\x06\x09"] + [b"\x04\x14"] * (len(lines) - 1)
    parts = [a + base64.b64encode(b) + b"\r\n" for a, b in zip(begins, lines, strict=True)]
    assert line.ask(b"".join(parts), b"\n") == ECHOED


def test_every_changed_byte_costs_the_reply_and_no_more(line: Line) -> None:
    for at in range(len(ECHO)):
        for bit in (0, 3, 7):
            damaged = ECHO[:at] + bytes([ECHO[at] ^ 1 << bit]) + ECHO[at + 1 :]
            reply = line.ask(damaged + b"\n%", b"m-ready\r\n")
            assert b"\x06\x09" not in reply, (at, bit)
            assert line.ask(ECHO, b"\n") == ECHOED, (at, bit)


def test_every_lost_byte_costs_the_reply_and_no_more(line: Line) -> None:
    for at in range(len(ECHO)):
        reply = line.ask(ECHO[:at] + ECHO[at + 1 :] + b"%", b"m-ready\r\n")
        assert b"\x06\x09" not in reply, at
        assert line.ask(ECHO, b"\n") == ECHOED, at


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (message(0, 99, b"\xa0"), b"\x62rc\x08"),  # a command, a group that there is not
        (message(999, 0, b"\xa0"), b"\x62rc\x08"),
        (message(0, 0, b"\xa0"), b"\x62rc\x03"),  # echo without text; of a number; cut off; no map
        (message(0, 0, b"\xa1\x61d\x05"), b"\x62rc\x03"),
        (message(0, 0, b"\xa1\x61d\x7a\xff\xff\xff\xff"), b"\x62rc\x03"),
        (message(0, 0, b"\x80"), b"\x62rc\x03"),
        (message(0, 0, b"\xa1\x61d" + b"\x81" * 40 + b"\x00"), b"\x62rc\x03"),
    ],
)
def test_a_wrong_request_is_told(line: Line, wrong: bytes, error: bytes) -> None:
    reply = base64.b64decode(line.ask(frame(wrong), b"\n")[2:])
    assert error in reply and b"\x63rsn" in reply
    assert line.ask(ECHO, b"\n") == ECHOED


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x06\x09\n",
        frame(b""),
        frame(message(0, 0, b"\xa1\x61d\x62hi")[:-1]),  # its header says more
        frame(message(0, 0, b"\xa1\x61d\x62hi", op=3)),  # a reply, to whom?
        b"\x06\x09" + base64.b64encode(b"\xff\xff" + bytes(4000)) + b"\n",
        b"\x04\x14" + ECHO[2:],  # goes on with what never began
    ],
)
def test_what_is_no_request_gets_no_reply(line: Line, wrong: bytes) -> None:
    line.silent(wrong)
    assert line.ask(ECHO, b"\n") == ECHOED


def test_a_board_without_room_for_it_does_without(image: bytes, cache: Path) -> None:
    plain = dataclasses.replace(load_board("microbit"), name="plain", smp_bytes=0)
    board = Line(flash(image, plain).port)
    assert board.ask(ECHO + b"%", b"m-ready\r\n").startswith(b"e-[Unknown command: ")
    board.port.close()
    emulator.stop("plain")
