# SPDX-License-Identifier: Apache-2.0
"""The power fails while a model is uploaded to an emulated board: what ran before still runs."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from edgeinfer import emulator
from edgeinfer.boards import Board, load_board
from edgeinfer.device import Device
from edgeinfer.errors import DeviceError
from edgeinfer.image import read_image
from edgeinfer.smp import Smp
from tests.board.conftest import Desk, two_inputs_like

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once


class Cut(Exception):
    """The power fails now."""


def runs(port: str) -> int:
    """CRC of the image that runs, which has proved itself."""
    with Device(port) as device:
        device.selftest()
        return device.info().image_crc


def load(port: str, image: bytes, progress: Callable[[int, int], None] | None = None) -> int:
    """Upload, and switch; the bytes that were there before."""
    with Device(port) as device:
        client = Smp(device.link)
        resumed = client.upload(image, progress)
        client.switch(image)
        return resumed


@pytest.fixture
def small_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many requests for an image as a micro:bit needs."""
    whole = Smp.request

    def request(self: Smp, *words: Any) -> dict[str, Any]:
        reply = whole(self, *words)
        return reply | {"buf_size": 256} if "buf_size" in reply else reply

    monkeypatch.setattr(Smp, "request", request)


@pytest.mark.usefixtures("small_packets")
@pytest.mark.parametrize("name", ["riscv-virt", "rpi3", "local"])
def test_killed_after_each_request(name: str, desk: Desk, image: bytes) -> None:
    """The file that is the flash stays; the emulator is killed, and started again."""
    board, other = load_board(name), two_inputs_like(8)
    old, new = read_image(image).crc, read_image(other).crc
    emulator.stop(name)
    port = emulator.start(board, desk.program(name), blank=True).port
    for cut in range(1, 100):
        left = [cut]

        def count(done: int, total: int, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Cut

        try:
            resumed = load(port, other, count)
            break
        except Cut:
            port = restarted(board, desk)
            assert runs(port) == old
    assert cut > 10
    assert resumed == len(other)  # the last cut came when it was whole, but not yet switched to
    assert runs(restarted(board, desk)) == new
    emulator.stop(name)


@pytest.mark.usefixtures("small_packets")
@pytest.mark.parametrize("name", ["riscv-virt", "local"])
def test_killed_at_any_time(name: str, desk: Desk, image: bytes) -> None:
    board, images = load_board(name), [image, two_inputs_like(8), two_inputs_like(9)]
    crcs = [read_image(each).crc for each in images]
    rng = random.Random(5)
    emulator.stop(name)
    port = emulator.start(board, desk.program(name), blank=True).port
    begin = time.monotonic()
    load(port, images[2])
    whole = time.monotonic() - begin
    before, cuts = crcs[2], 0
    for turn in range(12):
        wanted = images[1 + turn % 2]
        running = emulator.find(name)
        assert running is not None
        cut = threading.Timer(rng.uniform(0.0, whole), os.kill, (running.pid, signal.SIGKILL))
        cut.start()
        try:
            load(port, wanted)
        except DeviceError:
            cuts += 1
        cut.join()
        port = restarted(board, desk)
        found = runs(port)
        assert found in (before, read_image(wanted).crc)
        before = found
    assert cuts > 0
    emulator.stop(name)


def restarted(board: Board, desk: Desk) -> str:
    """Killed, and powered again with what is in its flash; its port."""
    running = emulator.find(board.name)
    if running is not None:
        os.kill(running.pid, signal.SIGKILL)
    emulator.stop(board.name)
    return emulator.start(board, desk.program(board.name)).port
