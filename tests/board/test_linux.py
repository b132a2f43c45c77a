# SPDX-License-Identifier: Apache-2.0
"""The firmware as a Linux program: its other kinds of line, its clock, its options."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgeinfer import paths
from edgeinfer.bench import bench
from edgeinfer.boards import counter, emulator
from edgeinfer.boards.board import load_board
from edgeinfer.errors import BoardError
from edgeinfer.wire.device import Device
from tests.board.conftest import Desk

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once


@pytest.fixture
def program(desk: Desk) -> Path:
    desk.port("local")
    running = emulator.find("local")
    assert running is not None
    return Path(running.elf)


@contextmanager
def _serving(program: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def test_tcp_serves_one_host_after_another(program: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _serving(program, "--tcp", str(port)) as process:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        for _ in range(2):
            with Device(f"socket://127.0.0.1:{port}") as device:
                device.selftest()


def test_pseudo_terminal_is_named(program: Path) -> None:
    with _serving(program, "--pty") as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        for _ in range(2):
            with Device(port) as device:
                device.selftest()


def test_the_program_ends_with_its_line(program: Path) -> None:
    done = subprocess.run([program], input=b"name%", capture_output=True, timeout=10, check=True)
    assert b"m-name-dut-[edgeinfer]\r\nm-ready\r\n" in done.stdout


@pytest.mark.parametrize("options", [("--help",), ("--tcp",), ("--tcp", "x"), ("--count", "none")])
def test_wrong_options(program: Path, options: tuple[str, ...]) -> None:
    done = subprocess.run([program, *options], capture_output=True, timeout=10, check=False)
    assert done.returncode != 0
    assert done.stderr


def test_this_machine_is_timed_in_microseconds(desk: Desk) -> None:
    with Device(desk.port("local")) as device:
        result = bench(device, load_board("local"), None, runs=2)
    assert result["unit"] == "us"
    assert result["per_inference_max"] < 1_000_000


def test_broken_counter_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "emulator" / "count.c"
    source.parent.mkdir()
    source.write_text("#error broken\n")
    monkeypatch.setenv("EDGEINFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "share", lambda name: tmp_path)
    with pytest.raises(BoardError, match=r"does not build: .*broken"):
        counter.plugin("count")
    assert list((tmp_path / "cache").iterdir()) == []
