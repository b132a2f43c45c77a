# SPDX-License-Identifier: Apache-2.0
"""The commands on an emulated board: flash, bench, run, verify and eval at its port."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgeinfer.boards import emulator
from tests.cli.conftest import Cli, Done

pytestmark = pytest.mark.xdist_group("commands")
BOARD = "netduinoplus2"


@pytest.fixture
def port(cli: Cli, models: Path) -> Iterator[str]:
    """The board with int8.tflite on it; flashed for the first test."""
    for board in cli("boards", "--json").json["boards"]:
        if board["board"] == BOARD and board["port"]:
            yield board["port"]
            return
    done = cli("flash", models / "int8.tflite", "--board", BOARD, "--json")
    assert done.status == 0, done.out
    yield done.json["port"]


def test_flash(cli: Cli, models: Path) -> None:
    done = cli("flash", models / "int8.tflite", "--board", "microbit")
    assert done.status == 0
    assert "self-test passed" in done.out
    data = cli("flash", models / "int8.tflite", "--board", "microbit", "--json").json
    for key in ("image_bytes", "code_bytes", "static_ram_bytes", "stack_bytes", "arena_bytes"):
        assert data[key] > 0
    assert data["board"] == "microbit"
    assert f"microbit runs {models / 'int8.tflite'} at {data['port']}" in done.out or data["port"]
    assert cli("boards", "--stop", "microbit").out == "Stopped microbit.\n"
    assert cli("boards", "--stop", "microbit", "--json").json["stopped"] == []


def test_for_size_the_code_shrinks_and_no_byte_changes(cli: Cli, models: Path) -> None:
    words = ("flash", models / "int8.tflite", "--board", "microbit", "--json")
    fast, small = cli(*words).json, cli(*words, "--optimize", "size").json
    assert small["code_bytes"] < 0.9 * fast["code_bytes"]
    done = cli("verify", *words[1:], "--optimize", "size")
    assert done.status == done.json["mismatched_bytes"] == 0
    cli("boards", "--stop", "microbit")


def test_bench_of_what_runs(cli: Cli, port: str) -> None:
    words = ("bench", "--board", BOARD, "--layers")
    data = cli(*words, "--json").json
    assert data["model"] == "int8"  # the file's stem
    assert data["unit"] == "instructions"
    assert data["layers"][0]["name"] == "layer 0"
    assert data["layers"][0]["op"] is None
    assert data["layers_total"] == sum(layer["ticks"] for layer in data["layers"])
    assert 0 <= data["per_inference"] - data["layers_total"] < 2000
    text = cli(*words).out
    assert f"int8 on {BOARD} at {port}" in text
    assert f"{data['per_inference']:,} instructions per inference (3 runs" in text
    assert f"{data['layers_total']:,}" in text
    assert cli("bench", "--port", port, "--runs", 1).status == 0


def test_bench_of_a_model(cli: Cli, models: Path) -> None:
    words = ("bench", models / "int8.tflite", "--board", BOARD, "--layers", "--runs", 1)
    data = cli(*words, "--json").json
    assert set(data["layers"][0]) == {
        *("name", "op", "macs", "ticks", "share", "macs_per_tick", "estimated_cycles")
    }
    assert data["layers"][0]["op"] == "CONV_2D"
    assert data["macs"] == sum(layer["macs"] for layer in data["layers"]) > 0
    for key in ("code_bytes", "arena_bytes", "image_bytes", "static_ram_bytes", "stack_bytes"):
        assert data[key] > 0


def test_a_port_needs_no_board(cli: Cli, models: Path, port: str) -> None:
    model, data = models / "int8.tflite", models / "x.npz"
    same = cli("verify", model, "--port", port, "--inputs", data, "-n", 4, "--json")
    assert (same.status, same.json["mismatched_bytes"], same.json["inputs"]) == (0, 0, 4)
    there = cli("run", model, "--input", data, "--port", port, "--output", "y.npy", "--json")
    here = cli("run", model, "--input", data, "--json")
    assert there.json["outputs"] == here.json["outputs"]
    assert there.json["output_crc32"] == here.json["output_crc32"]
    on_board = cli("eval", model, "--data", data, "--port", port, "-n", 5, "--json").json
    on_host = cli("eval", model, "--data", data, "-n", 5, "--json").json
    assert on_board["top1"] == on_host["top1"]
    assert (on_board["on"], on_host["on"]) == (port, "host")


def test_another_model_at_the_port(refused: Callable[..., Done], models: Path, port: str) -> None:
    shutil.copy(models / "other.tflite", "other.tflite")
    for words in (("verify",), ("run", "--input", models / "x.npz")):
        refused(
            words[0],
            "other.tflite",
            *words[1:],
            "--port",
            port,
            says=f"The {BOARD} at {port} runs another model, 'int8'",
            remedy=f"edgeinfer flash other.tflite --board {BOARD}",
        )


def test_boards_shows_and_stops(cli: Cli, port: str) -> None:
    (line,) = (line for line in cli("boards").out.splitlines() if line.startswith(BOARD))
    assert port in line
    assert cli("boards", "--stop", "all").out == f"Stopped {BOARD}.\n"
    assert all(board["port"] is None for board in cli("boards", "--json").json["boards"])


def test_boards_start_and_end(cli: Cli, models: Path) -> None:
    name = "lm3s6965evb"
    blank = cli("boards", "--start", name).out
    assert f"{name} is plugged in at /dev/pts/" in blank
    assert f"edgeinfer flash MODEL --board {name}" in blank
    (line,) = (line for line in cli("boards").out.splitlines() if line.startswith(name))
    assert ", blank " in line
    refused = cli("bench", "--board", name)
    assert refused.status == 2
    assert f"{name} has no firmware yet" in refused.err
    there = cli("boards", "--start", name, "--json").json["started"]
    assert there["blank"] and Path(there["debug"]).is_socket()
    flashed = cli("flash", models / "int8.tflite", "--board", name, "--json").json
    assert flashed["port"] == there["port"] and there["port"] in blank
    assert cli("boards", "--stop", name, "--json").json["stopped"] == [name]
    started = cli("boards", "--start", name, "--json").json["started"]
    again = cli("boards", "--start", name, "--json").json
    assert started == again["started"]
    assert {b["board"]: b["port"] for b in again["boards"]}[name] == started["port"]
    assert cli("bench", "--board", name, "--json").json["model"] == "int8"
    running = emulator.find(name)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)
    assert f"{name} runs at" in cli("boards", "--start", name).out
    running = emulator.find(name)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)
    assert f"The emulator of {name} ended by itself" in cli("boards").out
    assert "ended by itself" not in cli("boards").out
    assert "is a real board" in cli("boards", "--start", "pico").err
