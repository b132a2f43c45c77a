# SPDX-License-Identifier: Apache-2.0
"""The power fails while a model is uploaded to an emulated board: what ran before still runs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board, load_board
from edgeinfer.boards.debugger import Debugger
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.errors import DeviceError
from edgeinfer.firmware.flash import flash
from edgeinfer.image import read_image
from edgeinfer.wire.device import Device
from edgeinfer.wire.smp import Smp
from tests.board.conftest import Desk, two_inputs_like
from tests.board.debugger import symbol

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once


FEW_STEPS = 300  # instructions after which a byte or two of a block are written


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


class Cutter(Debugger):
    """Lets the processor run to places in the program, and from one to the next."""

    def __init__(self, path: str, places: list[int]) -> None:
        super().__init__(Path(path))
        self._places, self._running, self._at_place = places, False, False
        self.mark(True)

    def mark(self, on: bool) -> None:
        """Set the breakpoints, or take them away."""
        for place in self._places:
            assert self.ask(f"{'Z' if on else 'z'}1,{place:x},2") == "OK"

    def step(self) -> None:
        """One instruction."""
        self.say("s")
        self.packet()

    def go(self) -> None:
        """On, from a breakpoint or elsewhere."""
        if self._at_place:
            self.mark(False)
            self.step()
            self.mark(True)
        self.say("c")
        self._running = True

    def stands(self) -> bool:
        """Whether the processor has come to a place by now."""
        self.line.settimeout(0.05)
        try:
            self.packet()
        except DeviceError:
            return False
        finally:
            self.line.settimeout(10)
        self._running, self._at_place = False, True
        return True

    def let_go(self) -> None:
        """Stop it wherever it is, and let it run on without breakpoints."""
        if self._running:
            self.line.sendall(b"\x03")
            self.packet()
        self.mark(False)
        self.__exit__()


def test_reset_amid_each_block_of_flash(
    image: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The micro:bit's flash is QEMU's, and stays when the whole board is reset: at each call of
    what erases or writes a block, and some instructions after that."""
    board = dataclasses.replace(load_board("microbit"), name="cut")
    other, rng = two_inputs_like(8), random.Random(6)
    old, new = read_image(image).crc, read_image(other).crc
    whole = Smp.request
    # The host waits until the debugger has done what it does, and then asks no more.
    monkeypatch.setattr(Smp, "request", lambda self, *words: whole(self, *words[:4], 20.0, 1))
    port = flash(image, board).port
    running = emulator.find(board.name)
    assert running is not None
    nm = f"{TOOLCHAINS[board.toolchain].prefix}nm"
    names = ("store_erase", "store_write")
    places = [symbol(Path(running.elf), name, nm)[0] & ~1 for name in names]
    found, cut = old, 0
    while found == old:
        cut += 1
        with Device(port) as device, ThreadPoolExecutor(1) as pool:
            debugger, hits = Cutter(running.debug, places), 0
            debugger.go()
            loading = pool.submit(_load, device, other)
            while hits < cut and not loading.done():
                if debugger.stands():
                    hits += 1
                    if hits < cut:
                        debugger.go()
            if hits == cut:
                for _ in range(rng.choice([0, 1, rng.randrange(FEW_STEPS)])):
                    debugger.step()
                debugger.reset()
            debugger.let_go()
            if hits == cut:
                device.close()  # what was asked for is not waited for
            with contextlib.suppress(DeviceError):
                loading.result()
        found = runs(port)
    assert found == new
    assert cut > 20
    emulator.stop(board.name)


def _load(device: Device, image: bytes) -> None:
    client = Smp(device.link)
    client.upload(image)
    client.switch(image)
