# SPDX-License-Identifier: Apache-2.0
"""The monitor at a terminal, at a pipe, on a pseudo-terminal and on a socket."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgeinfer.boards import emulator
from tests.board.fake import FakeBoard
from tests.cli.conftest import Cli, Done

pytestmark = pytest.mark.xdist_group("commands")
COMMAND = (sys.executable, "-m", "edgeinfer", "monitor")


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *words: str) -> None:
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            # Whoever starts tests in the background has interrupts ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.slave = slave
        self.text = ""

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 4096).decode()

    def status(self) -> int:
        return self.process.wait(10)


@contextmanager
def _terminal(*words: str) -> Iterator[Terminal]:
    terminal = Terminal(*words)
    try:
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.master)
        os.close(terminal.slave)


@pytest.fixture
def board() -> Iterator[FakeBoard]:
    with FakeBoard() as fake:
        yield fake


def test_at_a_terminal(board: FakeBoard) -> None:
    with _terminal("--port", board.port) as terminal:
        terminal.wait_for(f"Line at {board.port}, 115200 baud. Ctrl-C or Ctrl-] ends.")
        terminal.type("name%\n")
        terminal.wait_for("name%")
        terminal.wait_for("m-name-dut-[fake]\r\nm-ready")
        terminal.type("\x1d")
        assert terminal.status() == 0
        assert termios.tcgetattr(terminal.slave) == terminal.before


def test_interrupt_ends_and_nothing_is_echoed(board: FakeBoard) -> None:
    with _terminal("--port", board.port, "--no-echo") as terminal:
        terminal.wait_for("ends.")
        terminal.type("name%")
        terminal.wait_for("m-ready")
        assert "name%" not in terminal.text
        os.kill(terminal.process.pid, signal.SIGINT)
        assert terminal.status() == 0
        assert termios.tcgetattr(terminal.slave) == terminal.before
        assert "Traceback" not in terminal.text


def test_a_pipe_ends_when_it_is_answered(board: FakeBoard) -> None:
    board.late = 0.5
    done = subprocess.run(
        [*COMMAND, "--port", board.port], input="name%", capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "m-name-dut-[fake]\nm-ready\n"


def test_json_and_a_socket() -> None:
    def serve(server: socket.socket) -> None:
        with server.accept()[0] as host:
            while data := host.recv(100):
                host.sendall(data.upper())

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        port = f"socket://127.0.0.1:{server.getsockname()[1]}"
        done = subprocess.run(
            [*COMMAND, "--port", port, "--json"],
            input="héllo",
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 0
    assert '"text": "H\\u00e9LLO"' in done.stdout


def test_a_board_that_goes(board: FakeBoard) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--port", board.port],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("name%")
    process.stdin.flush()
    assert process.stdout.readline() == "m-name-dut-[fake]\n"
    board.unplug()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert errors.startswith("error: The board is gone.")


@pytest.fixture
def nothing_runs() -> None:
    for running in emulator.running():  # tests that share a board leave it on
        emulator.stop(running.board)


@pytest.mark.usefixtures("nothing_runs")
def test_it_follows_a_board_that_is_flashed_again(cli: Cli, models: Path) -> None:
    name = "microbit"
    assert cli("flash", models / "int8.tflite", "--board", name).status == 0
    with _terminal() as terminal:  # the only board that runs
        terminal.wait_for(f"{name} at ")
        assert cli("flash", models / "other.tflite", "--board", name).status == 0
        terminal.wait_for("Connected to ")
        terminal.type("profile%")
        terminal.wait_for("m-model-[other]")
        emulator.stop(name)
        terminal.wait_for("waiting for the board")
        os.kill(terminal.process.pid, signal.SIGINT)
        assert terminal.status() == 0


@pytest.mark.usefixtures("nothing_runs")
def test_no_board(refused: Callable[..., Done]) -> None:
    refused("monitor", says="No board is named, and none runs", remedy="--board or --port")
    refused("monitor", "--board", "microbit", says="No microbit is running", remedy="flash MODEL")
    refused("monitor", "--port", "/dev/none", says="/dev/none cannot be opened: it does not exist")
    refused("monitor", "--baud", "0", says="not a whole number above 0", remedy="--help")
