# SPDX-License-Identifier: Apache-2.0
"""The commands of EEMBC's and MLPerf Tiny's runner on an emulated board, right and wrong ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from edgeinfer.errors import DeviceError
from edgeinfer.session import Session
from edgeinfer.wire.link import Link
from tests.board.conftest import WIDTH, Desk

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once


@pytest.fixture
def link(desk: Desk) -> Iterator[Link]:
    with Link(desk.port("netduinoplus2")) as opened:
        opened.hello()
        yield opened


def _load(link: Link, data: bytes) -> list[str]:
    """As the official runner does: 31 bytes per command."""
    assert link.command(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
    lines: list[str] = []
    for at in range(0, len(data), 31):
        assert lines == []
        lines = link.command(f"db {data[at : at + 31].hex()}")
    return lines


def test_greeting(link: Link) -> None:
    assert link.command("") == []
    assert link.command("name") == ["m-name-dut-[edgeinfer]"]
    firmware = "m-profile-[ULPMark for tinyML Firmware V0.0.1]"
    assert link.command("profile") == [firmware, "m-model-[two]"]
    assert re.fullmatch(r"m-lap-us-\d+", link.command("timestamp")[0])
    assert any("infer N W" in line for line in link.command("help"))


def test_inference_as_the_runner_asks_for_it(link: Link, image: bytes) -> None:
    rng = np.random.default_rng(5)
    inputs = [rng.integers(-128, 128, (1, WIDTH)).astype(np.int8) for _ in range(2)]
    assert _load(link, b"".join(each.tobytes() for each in inputs)) == ["m-load-done"]
    lines = link.command("infer 3 2")
    shape = (
        r"m-warmup-start-2\|m-warmup-done\|m-infer-start-3\|m-lap-us-(\d+)\|m-lap-us-(\d+)"
        r"\|m-infer-done\|m-results-\[(.*)\]"
    )
    found = re.fullmatch(shape, "|".join(lines))
    assert found
    assert int(found[2]) > int(found[1])
    session = Session(image)
    real = [
        io.scale * (int(q) - io.zero_point)
        for io, output in zip(session.info.outputs, session.run(inputs), strict=True)
        for q in output.reshape(-1)
    ]
    got = [float(text) for text in found[3].split(",")]
    assert all(re.fullmatch(r"-?\d+\.\d{3}", text) for text in found[3].split(","))
    assert np.abs(np.array(got) - real).max() < 0.001 + 1e-6
    assert link.command("results") == [lines[-1]]


def test_the_input_can_be_read_back(link: Link) -> None:
    data = bytes(i % 251 for i in range(2 * WIDTH))
    _load(link, data)
    lines = link.command("db print")
    assert bytes.fromhex("".join(line[9:] for line in lines).replace("-", "")) == data


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("nonsense", "Unknown command: nonsense"),
        ("x" * 81, "longer than 80 bytes"),
        ("x" * 5000, "longer than 80 bytes"),
        ("db", "requires a subcommand"),
        ("db load", "must be >0 bytes"),
        ("db load 0", "must be >0 bytes"),
        ("db load 601", "input has 600 bytes"),
        ("db load 99999999999999", "must be >0 bytes"),
        ("infer 0", "must be >0"),
        ("infer -1", "must be >0"),
        ("infer 1 x", "must be >=0"),
        ("ei", "Unknown ei command"),
        ("ei nonsense", "Unknown ei command"),
        ("ei run 0", "number above 0"),
        ("ei run 1~0012345678", "garbled"),
        ("ei run 1~zz12345678", "garbled"),
        ("ei block 0 601 00000000", "needs an offset"),
        ("ei block 400 256 00000000", "needs an offset"),
        ("ei block 4294967295 2 00000000", "needs an offset"),
        ("ei block 0 1", "needs an offset"),
    ],
)
def test_wrong_commands_are_refused(link: Link, command: str, complaint: str) -> None:
    with pytest.raises(DeviceError, match=complaint):
        link.command(command)
    assert link.command("name") == ["m-name-dut-[edgeinfer]"]


def test_wrong_bytes_of_input(link: Link) -> None:
    link.command("db load 600")
    for command, complaint in (("db 0g", "Invalid hex"), ("db 123", "number of hex digits")):
        with pytest.raises(DeviceError, match=complaint):
            link.command(command)
    with pytest.raises(DeviceError, match="No input"):
        link.command("infer 1 0")
    _load(link, bytes(600))
    with pytest.raises(DeviceError, match="Use 'db load' first"):
        link.command("db 00")


def test_a_host_that_dies_within_a_block_does_not_stop_the_next(desk: Desk) -> None:
    with Link(desk.port("netduinoplus2"), timeout=0.3) as first:
        first.hello()
        first.send(b"ei block 0 256 00000000%only a part")
    with Link(desk.port("netduinoplus2"), timeout=0.3) as second:
        second.hello()
        assert second.command("name") == ["m-name-dut-[edgeinfer]"]
