# SPDX-License-Identifier: Apache-2.0
"""edgeinfer load: another model onto a board that runs, which all commands then meet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytestmark = pytest.mark.xdist_group("commands")
BOARD = "riscv-virt"


@pytest.fixture
def port(cli: Cli, models: Path) -> Iterator[str]:
    done = cli("flash", models / "int8.tflite", "--board", BOARD, "--json")
    assert done.status == 0, done.out
    assert done.json["slots"] == 2
    yield done.json["port"]
    cli("boards", "--stop", BOARD)


def test_the_loaded_model_answers(cli: Cli, models: Path, port: str, tmp_path: Path) -> None:
    other = tmp_path / "other.tflite"
    shutil.copy(models / "int8.tflite", other)
    done = cli("load", other, "--board", BOARD, "--json").json
    assert (done["board"], done["port"], done["kept"]) == (BOARD, port, True)
    assert (done["resumed_bytes"], done["bytes_per_second"] > 0) == (0, True)
    assert cli("bench", "--board", BOARD, "--json").json["model"] == "other"
    assert cli("verify", other, "--board", BOARD).status == 0
    running = cli("run", other, "--input", models / "x.npz", "--board", BOARD, "--json").json
    assert (
        running["output_crc32"]
        == (cli("run", other, "--input", models / "x.npz", "--json").json["output_crc32"])
    )
    # Nothing of that flashed the board again: the port is the same.
    assert cli("verify", other, "--port", port, "-n", 1).status == 0
    again = cli("load", other, "--board", BOARD)
    assert "self-test passed" in again.out and "of it there already" in again.out
    assert cli("boards", "--stop", BOARD).status == 0
    started = cli("boards", "--start", BOARD, "--json").json["started"]["port"]
    assert cli("verify", other, "--port", started, "-n", 1).status == 0
    tried = cli("load", models / "int8.tflite", "--board", BOARD, "--try")
    assert "A reset brings back the model before." in tried.out


def test_what_the_firmware_lacks_is_said(cli: Cli, models: Path, port: str) -> None:
    done = cli("load", models / "two_int8.tflite", "--board", BOARD)
    assert done.status == 1
    assert "was built for other operators: it has no" in done.err
    assert "--all-kernels" in done.err
    assert cli("verify", models / "int8.tflite", "--port", port, "-n", 1).status == 0


def test_no_board_and_no_smp(cli: Cli, models: Path) -> None:
    assert "No board is named" in cli("load", models / "int8.tflite").err
    flashed = cli("flash", models / "int8.tflite", "--board", "microbit", "--no-smp")
    assert flashed.status == 0
    done = cli("load", models / "int8.tflite", "--board", "microbit")
    assert done.status == 2 and "does not answer SMP" in done.err
    cli("boards", "--stop", "microbit")
