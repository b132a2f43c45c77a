# SPDX-License-Identifier: Apache-2.0
"""Models that come over a bad line: right in the end, or a clear error in time."""

from __future__ import annotations

import threading
import time

import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DeviceError
from edgeinfer.firmware.flash import flash
from edgeinfer.image import read_image
from edgeinfer.wire.device import Device
from edgeinfer.wire.smp import Smp
from tests.board.conftest import Desk, two_inputs, two_inputs_like
from tests.board.noisy import Noisy

pytestmark = pytest.mark.xdist_group("upload noise")  # it waits more than it works

# Of bytes in each direction: lost, changed, doubled, late.
BAD, WORSE, DEAD = 0.0002, 0.01, 0.1
PTY_BAUD = 1_000_000  # a pseudo-terminal is fast


@pytest.mark.parametrize("rate", [BAD, WORSE])
def test_a_bad_line_brings_60_kilobytes_right(rate: float, desk: Desk) -> None:
    emulator.stop("local")
    big = compile_graph(two_inputs(name="big", width=6000, seed=9)).image
    assert 58_000 < len(big) < 66_000
    port = flash(big, load_board("local")).port
    other = compile_graph(two_inputs(name="big", width=6000, seed=10)).image
    line = Noisy(port, rate, seed=1, held=0.002)
    with line, Device(line.port, timeout=0.5, baud=PTY_BAUD) as device:
        smp = Smp(device.link)
        smp.upload(other)
        smp.switch(other)
        device.refresh()
        assert device.info().image_crc == read_image(other).crc
        device.selftest()
    assert sum(line.faults.values()) > 30
    emulator.stop("local")


def test_a_line_that_gets_dreadful_ends_in_time_and_never_wrong(desk: Desk) -> None:
    port, other = desk.port("local"), two_inputs_like(8)
    with Device(port) as device:
        known = {device.info().image_crc, read_image(other).crc}  # what an earlier test left, too
    with Noisy(port, WORSE, seed=2) as line, Device(line.port, timeout=0.1) as device:
        timer = threading.Timer(1.0, lambda: setattr(line, "rate", DEAD))
        timer.start()
        begin = time.monotonic()
        with pytest.raises(DeviceError):
            while True:
                Smp(device.link).upload(other)
                Smp(device.link).switch(other)
        assert time.monotonic() - begin < 60
        timer.join()
    with Device(port) as device:
        assert device.info().image_crc in known
        device.selftest()
    emulator.stop("local")
