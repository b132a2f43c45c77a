# SPDX-License-Identifier: Apache-2.0
"""Faults on the serial line: a retry or a clear error, never a wrong answer or a hang."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from edgeinfer.errors import DeviceError, MismatchError
from edgeinfer.wire.device import Device
from edgeinfer.wire.link import Link
from tests.board.fake import FakeBoard

DATA = bytes(range(150)) * 2
PATIENCE = 0.3


def _once(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A fault that strikes the next bytes and then no more."""
    left = [1]

    def fault(data: bytes) -> bytes:
        if left[0]:
            left[0] = 0
            return change(data)
        return data

    return fault


FAULTS = {
    "flip": lambda data: bytes([data[0] ^ 4]) + data[1:],
    "flip at end": lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
    "lose first": lambda data: data[1:],
    "lose last": lambda data: data[:-1],
    "lose all": lambda data: b"",
    "twice": lambda data: data + data,
    "noise": lambda data: b"\xff\x00%e-[" + data,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("side", ["damage_in", "damage_out"])
@pytest.mark.parametrize("verb", ["load", "output", "run"])
def test_one_fault_costs_a_retry(fake: FakeBoard, fault: str, side: str, verb: str) -> None:
    with Device(fake.port, timeout=PATIENCE, work=PATIENCE) as device:
        device.load_input(DATA)
        setattr(fake, side, _once(FAULTS[fault]))
        if verb == "load":
            device.load_input(DATA[::-1])
            assert bytes(fake.input) == DATA[::-1]
        elif verb == "output":
            assert device.output() == [DATA]
        else:
            assert device.run_ticks(3) == [5, 5, 5]


@pytest.mark.parametrize("greetings", [1, 3])
def test_a_late_ready_is_not_taken_for_a_reply(fake: FakeBoard, greetings: int) -> None:
    """A loaded machine: each m-ready comes later than the host is quiet after the first."""
    fake.late = 0.05
    with Device(fake.port) as device:
        device.link.hello(terminators=greetings)
        assert device.link.command("name") == ["m-name-dut-[fake]"]
        device.run_ticks(2)
        assert device.link.command("name") == ["m-name-dut-[fake]"]


def test_a_bad_line_never_gives_a_wrong_answer(fake: FakeBoard) -> None:
    rng = random.Random(3)

    def flip(data: bytes) -> bytes:
        return bytes(b ^ 1 << rng.randrange(8) if rng.random() < 0.0005 else b for b in data)

    with Device(fake.port, timeout=0.1, work=0.1) as device:
        fake.damage_in = fake.damage_out = flip
        answers = 0
        for i in range(20):
            data = bytes([i]) * 300
            try:
                outputs = device.invoke([data])
            except DeviceError:
                continue
            assert outputs == [data]
            answers += 1
    assert answers > 10


def test_a_silent_board_is_an_error_in_time(fake: FakeBoard) -> None:
    with Device(fake.port, timeout=0.1, work=0.1) as device:
        fake.damage_in = lambda data: b""
        begin = time.monotonic()
        with pytest.raises(DeviceError, match="does not finish its answer to 'run'"):
            device.run_ticks(1)
        assert time.monotonic() - begin < 5.0


def test_nothing_answers(fake: FakeBoard) -> None:
    fake.damage_in = lambda data: b""
    with pytest.raises(DeviceError, match="Nothing answers"):
        Device(fake.port, timeout=0.1)


def test_port_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be opened"):
        Device(str(tmp_path / "ttyNone"))


def test_port_is_busy(fake: FakeBoard) -> None:
    other = serial.Serial(fake.port, exclusive=True)
    try:
        with pytest.raises(DeviceError, match="in use by another program"):
            Link(fake.port)
    finally:
        other.close()


def test_board_goes_away(fake: FakeBoard) -> None:
    with Device(fake.port, timeout=0.1) as device:
        fake.unplug()
        with pytest.raises(DeviceError, match="is gone"):
            device.run_ticks(1)


def test_other_protocol_version(fake: FakeBoard) -> None:
    fake.info = fake.info.replace("protocol-[1]", "protocol-[9]")
    with pytest.raises(DeviceError, match="protocol 9, this program 1"):
        Device(fake.port)


def test_answer_without_sense(fake: FakeBoard) -> None:
    fake.info = fake.info.replace("inputs-[300]", "inputs-[many]")
    with pytest.raises(DeviceError, match="makes no sense"):
        Device(fake.port)


def test_failed_selftest(fake: FakeBoard) -> None:
    with Device(fake.port) as device, pytest.raises(MismatchError, match="00000001 instead of"):
        device.selftest()


def test_board_complains(fake: FakeBoard) -> None:
    with Device(fake.port) as device, pytest.raises(DeviceError, match="No input"):
        device.step_ticks()
