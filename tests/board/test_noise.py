# SPDX-License-Identifier: Apache-2.0
"""A line that loses, changes, repeats and holds back bytes: right results, or a clear error."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from edgeinfer.bench import bench
from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DamageError, DeviceError
from edgeinfer.firmware.flash import flash
from edgeinfer.image import read_image
from edgeinfer.session import Session
from edgeinfer.wire.armour import ASKS, START, TEXT, Armour, Piece, decode, encode
from edgeinfer.wire.copies import Copies, crc_of
from edgeinfer.wire.device import Device
from edgeinfer.wire.smp import WRITE, Smp
from tests.board.noisy import Noisy
from tests.conftest import cache_of_its_own
from tests.ops.cases import common as cases
from tests.test_state import sequence, stream

pytestmark = pytest.mark.xdist_group("noise")
BOARD = "netduinoplus2"
WIDTH = 16
PTY_BAUD = 1_000_000  # a pseudo-terminal is fast


@pytest.fixture(scope="module")
def image() -> bytes:
    q = cases.Quant.per_tensor(0.1, 3)
    tensors = cases.activation("x", (1, WIDTH), q), cases.activation("y", (1, WIDTH), q)
    return compile_graph(cases.model("RELU", [tensors[0]], tensors[1], {}, "")).image


@pytest.fixture(scope="module")
def port(image: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cache_of_its_own(tmp_path_factory.mktemp("cache")):
        yield flash(image, load_board(BOARD)).port


def _equal(device: Device, image: bytes, inferences: int) -> None:
    session, rng = Session(image), np.random.default_rng(1)
    for _ in range(inferences):
        x = rng.integers(-128, 128, (1, WIDTH)).astype(np.int8)
        assert device.invoke([x.tobytes()]) == [y.tobytes() for y in session.run([x])]


def test_one_in_a_thousand(port: str, image: bytes) -> None:
    """A hundred inferences and a benchmark, as if nothing were wrong."""
    board = load_board(BOARD)
    with Device(port) as device:
        quiet = bench(device, board, read_image(image), runs=2, layers=True)
    with Noisy(port, 0.001, 1) as line:
        with Device(line.port) as device:
            _equal(device, image, 100)
            noisy = bench(device, board, read_image(image), runs=2, layers=True)
        assert min(line.faults.values()) > 0, line.faults
    for name in ("per_inference", "per_inference_min", "per_inference_max", "arena_bytes"):
        assert noisy[name] == quiet[name]
    assert [x["ticks"] for x in noisy["layers"]] == [x["ticks"] for x in quiet["layers"]]


def test_one_in_a_hundred(port: str, image: bytes) -> None:
    """Hardly a reply is whole any more, so all goes in pieces."""
    board = load_board(BOARD)
    with Device(port) as device:
        quiet = bench(device, board, read_image(image), runs=2, layers=True)
    with Noisy(port, 0.01, 3, held=0.002) as line:
        with Device(line.port, baud=PTY_BAUD) as device:
            assert device.info().board == BOARD
            device.selftest()
            _equal(device, image, 100)
            noisy = bench(device, board, read_image(image), runs=2, layers=True)
        assert min(line.faults.values()) > 1000, line.faults
    assert noisy["per_inference"] == quiet["per_inference"]
    assert [x["ticks"] for x in noisy["layers"]] == [x["ticks"] for x in quiet["layers"]]
    with Device(port) as device:  # who comes next sees a bare line
        device.selftest()


def test_a_firmware_without_pieces(image: bytes, port: str) -> None:
    """Replies are repeated until their lines, put together, are a whole one."""
    board = dataclasses.replace(load_board("local"), name="plain")
    with Noisy(flash(image, board, smp=False).port, 0.01, 3, held=0.002) as line:
        with Device(line.port, timeout=0.5) as device:
            assert device.info().board == "plain"
            _equal(device, image, 2)
        assert sum(line.faults.values()) > 100
    emulator.stop("plain")


def test_a_state_goes_on_whatever_is_lost() -> None:
    """Pieces pass once: no inference of a sequence is run twice, or left out."""
    made = compile_graph(stream()).image
    board = dataclasses.replace(load_board("local"), name="counts")
    session = Session(made)
    line = Noisy(flash(made, board).port, 0.01, 5, held=0.002)
    with line, Device(line.port, baud=PTY_BAUD) as device:
        assert device.link.armour() or isinstance(device.link._line, Armour)
        device.reset()
        for x in sequence(20):
            said = device.invoke([each.tobytes() for each in x])
            assert said == [y.tobytes() for y in session.run(x)]
    emulator.stop("counts")


def test_a_board_that_is_reset_is_greeted_anew(port: str) -> None:
    with Device(port) as device:
        assert device.link.armour()
        device.selftest()
        Smp(device.link).request(0, 5, WRITE, {})
        device.link.hello()
        device.selftest()


def test_pieces_are_what_the_protocol_says() -> None:
    said = encode(3, 9, b"name%", ASKS)
    assert said == bytes([START]) + b"OSVuYW1lJQAAAOCs"
    assert len(said) == 1 + TEXT
    assert decode(said[1:]) == Piece(3, 9, b"name%", ASKS >> 4)
    for at in range(TEXT):
        damaged = bytearray(said[1:])
        damaged[at] = ord("A") if damaged[at] != ord("A") else ord("B")
        assert decode(bytes(damaged)) is None


def test_a_line_that_dies(port: str) -> None:
    with Noisy(port, 0.001, 4) as line, Device(line.port, timeout=0.5, work=3) as device:
        timer = threading.Timer(0.3, lambda: setattr(line, "dead", True))
        timer.start()
        start = time.monotonic()
        with pytest.raises(DeviceError, match=r"does not finish its answer"):
            while True:
                device.invoke([bytes(WIDTH)])
        assert time.monotonic() - start < 30
        timer.join()


def test_a_line_on_which_nothing_passes(port: str) -> None:
    start = time.monotonic()
    says = r"Nothing answers|does not|too much"
    with Noisy(port, 0.2, 5) as line, pytest.raises(DeviceError, match=says) as caught:
        Device(line.port, timeout=0.2)
    assert caught.value.remedy
    assert time.monotonic() - start < 120


def test_copies_agree_only_on_what_was_sent() -> None:
    sent = [b"m-ei-a-[1]", b"m-ei-b-[2]", b"m-ei-c-[3]"]
    crc = crc_of(sent)
    copies = Copies()
    copies.add([b"m-ei-a-[1]", b"m-ei-b-[9]", b"m-ei-c-[3]"], crc)
    assert copies.agreed() is None
    copies.add([b"m-ei-a-[1]m-ei-b-[2]", b"m-ei-c-[3]"], crc)
    assert copies.agreed() is None
    copies.add([b"m-ei-a-[1]", b"m-ei-b-[2]", b"m-e-c-[3]"], crc ^ 1)
    assert copies.agreed() == sent
    other = Copies()
    other.add(sent, crc ^ 4)
    assert other.agreed() is None
    other.add(sent, crc)
    assert other.agreed() == sent


def test_damage_is_no_answer() -> None:
    assert issubclass(DamageError, DeviceError)
