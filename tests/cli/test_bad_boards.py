# SPDX-License-Identifier: Apache-2.0
"""Boards that are not there, do not answer, lack tools, or are too small."""

from __future__ import annotations

import functools
import os
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgeinfer.cli import common
from edgeinfer.wire.device import Device
from tests.board.fake import FakeBoard
from tests.cli.conftest import Cli, Done

Refused = Callable[..., Done]


@pytest.fixture
def silent() -> Iterator[str]:
    """A port where nothing answers."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def on_port(models: Path, port: str) -> list[tuple[object, ...]]:
    """Every command that talks to a port."""
    model = models / "int8.tflite"
    return [
        ("run", model, "--input", models / "x.npz", "--port", port),
        ("verify", model, "--port", port),
        ("eval", model, "--data", models / "x.npz", "--port", port),
        ("bench", "--port", port),
        ("bench", "--board", "microbit", "--port", port),
    ]


def test_an_unknown_board(refused: Refused, models: Path) -> None:
    model = models / "int8.tflite"
    for words in (
        ("flash", model, "--board"),
        ("bench", "--board"),
        ("bench", model, "--board"),
        ("plan", model, "--board"),
        ("run", model, "--input", models / "x.npz", "--board"),
        ("verify", model, "--board"),
        ("eval", model, "--data", models / "x.npz", "--board"),
        ("boards", "--stop"),
    ):
        near = "Did you mean microbit or microbit_v2? 'edgeinfer boards' lists them all"
        refused(*words, "micro:bit", says="There is no board 'micro:bit'", remedy=near)
        refused(*words, "../x", says="There is no board '../x'", remedy="'edgeinfer boards'")


def test_a_board_that_does_not_run(refused: Refused, cli: Cli, models: Path) -> None:
    refused(
        "bench",
        "--board",
        "mps2-an386",
        says="No mps2-an386 is running",
        remedy="edgeinfer flash MODEL --board mps2-an386",
    )
    refused("bench", says="No board is named", remedy="Give --board or --port")
    refused("bench", models / "int8.tflite", says="No board is named to flash", remedy="--board")
    refused(
        *("bench", models / "int8.tflite", "--board", "microbit", "--port", "/dev/x"),
        says="microbit is emulated",
        remedy="Leave out --port",
    )
    done = cli("boards", "--stop", "mps2-an386")
    assert (done.status, done.out) == (0, "It was not running: nothing to stop.\n")


def test_a_port_that_does_not_exist(refused: Refused, models: Path) -> None:
    for words in on_port(models, "/dev/ttyNOSUCH"):
        refused(
            *words,
            says="/dev/ttyNOSUCH cannot be opened: it does not exist",
            remedy="'edgeinfer boards'",
        )
    Path("file").touch()
    for port in ("file", "nosuch://x"):
        refused("bench", "--port", port, says=f"The port {port} cannot be opened")


def test_a_port_where_nothing_answers(
    refused: Refused, models: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "Device", functools.partial(Device, timeout=0.2))
    for words in on_port(models, silent)[::3]:
        refused(*words, says=f"Nothing answers on {silent}", remedy="flashed by 'edgeinfer flash'")


class Clock:
    """Half a second goes by whenever somebody looks."""

    now = 0.0

    def monotonic(self) -> float:
        self.now += 0.5
        return self.now


def test_nothing_answers_within_seconds(
    cli: Cli, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("edgeinfer.wire.link.time", clock)
    assert cli("bench", "--port", silent).status == 2
    assert 5 < clock.now < 15


def test_a_port_that_answers_with_noise(
    refused: Refused, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "Device", functools.partial(Device, timeout=0.2))
    with FakeBoard() as board:
        board.damage_out = lambda data: b"\xff" * len(data)
        refused("bench", "--port", board.port, says=f"Nothing answers on {board.port}")


def test_a_board_with_another_model(refused: Refused, models: Path) -> None:
    with FakeBoard() as board:
        for words in on_port(models, board.port)[:3]:
            refused(
                *words,
                says=f"The fake at {board.port} runs another model, 'echo'",
                remedy=f"edgeinfer flash {models / 'int8.tflite'} --board fake",
            )
        words = ("bench", "--board", "microbit", "--port", board.port)
        refused(*words, says="is fake, not microbit", remedy="Give --board fake")
        refused("bench", "--port", board.port, says="There is no board 'fake'")


@pytest.mark.parametrize(
    ("model", "memory"), [("wide", "RAM is short by"), ("heavy", "flash is short by")]
)
def test_a_model_that_does_not_fit(refused: Refused, models: Path, model: str, memory: str) -> None:
    path = models / f"{model}.tflite"
    for words in (("flash", path), ("bench", path), ("verify", path)):
        done = refused(*words, "--board", "microbit", says=memory, remedy="smaller", status=1)
        assert " bytes." in done.err


def test_vww01_does_not_fit_a_microbit(refused: Refused, shared: Path) -> None:
    path = shared / "models" / "int8" / "vww01_int8.tflite"
    says = "The model does not fit microbit: RAM is short by "
    refused("flash", path, "--board", "microbit", says=says, remedy="another board", status=1)


@pytest.mark.parametrize(
    ("present", "says", "package"),
    [
        ((), "arm-none-eabi-gcc is not installed", "apt-get install gcc-arm-none-eabi"),
        (("arm-none-eabi-gcc",), "qemu-system-arm is not installed", "install qemu-system-arm"),
    ],
)
def test_missing_tools(
    refused: Refused,
    cli: Cli,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    present: tuple[str, ...],
    says: str,
    package: str,
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in present:
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    path = models / "int8.tflite"
    for words in (("flash", path), ("bench", path), ("verify", path)):
        refused(*words, "--board", "microbit", says=says, remedy=package)
    done, data = cli("doctor"), cli("doctor", "--json")
    assert (done.status, data.status) == (1, 1)
    assert "missing  qemu-system-arm" in done.out
    assert package.replace("install", "install -y") in done.out
    assert data.json["ok"] is False
    for name in present:
        assert f"ok       {name}" in done.out


@pytest.mark.parametrize(
    ("name", "says", "remedy"),
    [
        ("platformio", "platformio is not installed", "pip install 'edgeinfer[flash]'"),
        ("SCons", "scons is not installed", "pip install 'edgeinfer[flash]'"),
    ],
)
def test_missing_packages(
    refused: Refused,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    says: str,
    remedy: str,
) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr("shutil.which", lambda tool: f"/bin/{tool}")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda module: None if module == name else found(module)
    )
    refused("flash", models / "int8.tflite", "--board", "microbit", says=says, remedy=remedy)


def test_a_cache_that_cannot_be_written(
    refused: Refused, cli: Cli, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").touch()
    monkeypatch.setenv("EDGEINFER_CACHE", str(Path("file").absolute() / "cache"))
    assert "EDGEINFER_CACHE" in cli("doctor").out
    words = ("flash", models / "int8.tflite", "--board", "microbit")
    refused(*words, says="file/cache' cannot be used: not a directory", remedy="may write")
