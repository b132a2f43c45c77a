# SPDX-License-Identifier: Apache-2.0
"""Models that come over the line: refused with a reason, resumed, and never taken damaged."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.compile import compile_graph
from edgeinfer.firmware.flash import flash
from edgeinfer.image import read_image, with_selftest
from edgeinfer.session import Session
from edgeinfer.wire.device import Device
from edgeinfer.wire.smp import MODEL, READ, WRITE, Refused, Smp
from tests.board.conftest import WIDTH, Desk, two_inputs, two_inputs_like

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once


@pytest.fixture
def device(desk: Desk) -> Iterator[Device]:
    emulator.stop("netduinoplus2")
    with Device(desk.port("netduinoplus2")) as opened:
        yield opened


def _multiplying() -> bytes:
    """Needs a kernel that a firmware for sums has not."""
    graph = two_inputs(name="product")
    node = dataclasses.replace(graph.nodes[0], op="MUL", options_type="MulOptions")
    return compile_graph(dataclasses.replace(graph, nodes=(node, graph.nodes[1]))).image


def _wide() -> bytes:
    return compile_graph(two_inputs(name="wide", width=2 * WIDTH)).image


def _damaged(image: bytes) -> bytes:
    return image[:1000] + bytes([image[1000] ^ 1]) + image[1001:]


REFUSED = {
    "The image was damaged on the way": lambda: _damaged(two_inputs_like(8)),
    "This is no sound image": lambda: bytes(4000),
    "The model needs a kernel that this firmware does not have": _multiplying,
    "The model needs a larger arena than this firmware has": _wide,
    "The model fails its self-test here": lambda: with_selftest(two_inputs_like(8), 1),
    "The image is larger than a slot": lambda: bytes(200_000),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_run_is_refused(reason: str, device: Device, image: bytes) -> None:
    before = device.info()
    smp = Smp(device.link)
    with pytest.raises(Refused, match=reason):
        smp.upload(REFUSED[reason]())
    device.refresh()
    assert device.info() == before
    device.selftest()
    smp.upload(two_inputs_like(8))  # the slot is free for a better one
    smp.switch(two_inputs_like(8))
    device.refresh()
    assert (device.info().model, device.info().slot) == ("two-8", 1)
    device.selftest()


def test_an_upload_goes_on_where_it_was_broken_off(device: Device) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Enough

    other = two_inputs_like(8)
    with pytest.raises(Enough):
        Smp(device.link).upload(other, stop)
    assert 1000 < Smp(device.link).upload(other) < len(other)
    assert Smp(device.link).upload(other) == len(other)  # it is there
    assert Smp(device.link).upload(two_inputs_like(9)) == 0


def test_a_model_is_tried_until_the_next_reset(device: Device, image: bytes) -> None:
    smp, other = Smp(device.link), two_inputs_like(8)
    smp.upload(other)
    smp.switch(other, keep=False)
    device.refresh()
    assert device.info().image_crc == read_image(other).crc
    smp.request(0, 5, WRITE, {})
    device.link.hello()
    device.refresh()
    assert device.info().image_crc == read_image(image).crc


def test_everything_of_the_model_by_smp(device: Device, image: bytes) -> None:
    smp, session, facts = Smp(device.link), Session(image), read_image(image)
    info = smp.request(MODEL, 0, READ, {})
    assert (info["board"], info["model"], info["crc"]) == ("netduinoplus2", "two", facts.crc)
    assert info["kernels"].split() == list(facts.kernels)
    tensors = smp.request(MODEL, 1, READ, {})
    for side, known in (("inputs", facts.inputs), ("outputs", facts.outputs)):
        assert [tuple(t["dims"]) for t in tensors[side]] == [io.dims for io in known]
        assert [(np.float32(t["scale"]), t["zero"]) for t in tensors[side]] == [
            (np.float32(io.scale), io.zero_point) for io in known
        ]
    rng = np.random.default_rng(3)
    inputs = [rng.integers(-128, 128, (1, WIDTH)).astype(np.int8) for _ in range(2)]
    data, at = b"".join(each.tobytes() for each in inputs), 0
    with pytest.raises(Refused, match="No input"):
        smp.request(MODEL, 3, WRITE, {})
    while at < len(data):
        at = smp.request(MODEL, 2, WRITE, {"off": at, "data": data[at : at + 250]})["off"]
    assert len(smp.request(MODEL, 3, WRITE, {"n": 3})["ticks"]) == 3
    found, total = b"", 1
    while len(found) < total:
        reply = smp.request(MODEL, 2, READ, {"off": len(found)})
        total, found = reply["len"], found + reply["data"]
    assert found == b"".join(each.tobytes() for each in session.run(inputs))
    profile = smp.request(MODEL, 4, WRITE, {"from": 0})
    assert [row[:2] for row in profile["steps"]] == [[0, 0], [1, 1]]
    assert profile["total"] == 2
    assert all(ticks > 0 for _, _, ticks in profile["steps"])
    assert smp.request(MODEL, 4, WRITE, {"from": 1})["steps"][0][0] == 1
    memory = smp.request(MODEL, 5, READ, {})
    assert memory["arena"] == facts.arena_bytes
    assert 0 < memory["stack_used"] < memory["stack"]
    tested = smp.request(MODEL, 6, WRITE, {})
    assert tested["ok"] and tested["got"] == tested["wanted"]
    assert smp.request(MODEL, 7, WRITE, {}) == {}


def test_a_firmware_of_all_kernels_takes_any_model(image: bytes, cache: object) -> None:
    board = dataclasses.replace(load_board("netduinoplus2"), name="universal")
    done = flash(image, board, all_kernels=True)
    for other in (_multiplying(), _wide()):
        with Device(done.port) as device:
            smp = Smp(device.link)
            assert smp.firmware().kernels is None
            smp.upload(other)
            smp.switch(other)
            device.refresh()
            device.selftest()
            rng, session = np.random.default_rng(4), Session(other)
            inputs = [
                rng.integers(-128, 128, io.dims).astype(np.int8) for io in read_image(other).inputs
            ]
            expected = [output.tobytes() for output in session.run(inputs)]
            assert device.invoke([each.tobytes() for each in inputs]) == expected
    emulator.stop("universal")
