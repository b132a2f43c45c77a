# SPDX-License-Identifier: Apache-2.0
"""A Linux machine as a board: over a real OpenSSH server, this machine's own."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.boards.remote import SSH, Remote
from edgeinfer.errors import BoardError
from tests.cli.conftest import Cli, Done

pytestmark = pytest.mark.xdist_group("ssh")


@dataclass
class Server:
    """An SSH server with keys of its own, which lets this user in with one of them."""

    target: str
    port: int
    folder: Path
    command: list[str]  # ssh, knowing all this

    def home(self) -> Path:
        """Where programs come to lie."""
        return self.folder / "cache" / "edgeinfer"

    def left(self) -> list[str]:
        """Programs that run there now."""
        found = subprocess.run(
            ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
        )
        return [line for line in found.stdout.splitlines() if line.startswith(str(self.home()))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert sshd, "sshd missing: run .ci/setup"
    folder = tmp_path_factory.mktemp("ssh")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # else a service's start makes it
    for name in ("host", "user", "stranger"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        f"PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"SetEnv XDG_CACHE_HOME={folder}/cache\n"
    )
    key = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")
    options = ["-F", "none", "-i", str(folder / "user"), "-o", "IdentitiesOnly=yes"]
    command = ["ssh", *options, "-o", f"UserKnownHostsFile={folder}/known"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        target = f"ssh://{getpass.getuser()}@127.0.0.1:{port}"
        yield Server(target, port, folder, command)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(autouse=True)
def ssh(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SSH, shlex.join(server.command))


def test_flash_and_later_commands(cli: Cli, models: Path, server: Server) -> None:
    model = models / "int8.tflite"
    done = cli("flash", model, "--board", "local", "--ssh", server.target)
    assert done.status == 0, done.err
    assert f"local runs {model} on {server.target} at /dev/pts/" in done.out
    assert (server.home() / "local").is_file()
    assert server.left() == [str(server.home() / "local")]
    (line,) = (row for row in cli("boards").out.splitlines() if row.startswith("local "))
    assert server.target in line
    benched = cli("bench", "--board", "local", "--json").json
    assert (benched["unit"], benched["model"]) == ("us", "int8")
    # Whatever names the board from now on means the one over there.
    same = cli("verify", model, "--board", "local", "-n", 3, "--json").json
    assert same["mismatched_bytes"] == 0
    assert len(server.left()) == 1
    other = cli("flash", models / "other.tflite", "--board", "local", "--json").json
    assert other.get("ssh") == server.target, other
    assert cli("bench", "--board", "local", "--json").json["model"] == "other"
    assert cli("boards", "--stop", "local").out == "Stopped local.\n"
    _gone(server)
    here = cli("flash", model, "--board", "local", "--json").json
    assert here["ssh"] == ""
    assert server.left() == []
    cli("boards", "--stop", "local")


def _gone(server: Server) -> None:
    """The firmware ends with its connection."""
    end = time.monotonic() + 5
    while server.left():
        assert time.monotonic() < end, server.left()
        time.sleep(0.05)


def test_a_connection_that_breaks(cli: Cli, models: Path, server: Server) -> None:
    words = ("flash", models / "int8.tflite", "--board", "local", "--ssh", server.target)
    assert cli(*words).status == 0
    running = emulator.find("local")
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)
    _gone(server)
    assert f"The connection to {server.target} ended by itself" in cli("boards").out
    assert cli("bench", "--board", "local").status == 2


def test_a_pi_is_not_this_machine(
    refused: Callable[..., Done], models: Path, server: Server
) -> None:
    words = ("flash", models / "int8.tflite", "--ssh", server.target, "--board")
    says = f"{server.target} is Linux {os.uname().machine}, and rpi-zero2-w's firmware is for Linux"
    refused(*words, "rpi-zero2-w", says=says, remedy="--board")
    refused(*words, "microbit", says="microbit is no Linux machine", remedy="Leave out --ssh")
    assert not (server.home() / "rpi-zero2-w").exists()


def test_a_program_for_another_processor(
    cli: Cli, models: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that calls itself a Pi and is none: nothing pretends to run."""
    monkeypatch.setattr(Remote, "require", lambda *_: None)
    words = ("flash", models / "int8.tflite", "--board", "rpi-zero2-w", "--ssh", server.target)
    done = cli(*words)
    if done.status == 0:  # where the kernel hands Arm's programs to QEMU
        assert cli("bench", "--board", "rpi-zero2-w", "--json").json["unit"] == "us"
        cli("boards", "--stop", "rpi-zero2-w")
    else:
        assert f"The firmware at {server.target} ended: " in done.err
        assert "xec format error" in done.err
        assert emulator.find("rpi-zero2-w") is None


def test_what_ssh_says(
    refused: Callable[..., Done],
    models: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ("flash", models / "int8.tflite", "--board", "local", "--ssh")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    closed = f"ssh://127.0.0.1:{port}"
    refused(*words, closed, says=f"{closed} cannot be reached: ", remedy="network works")
    refused(*words, "pi@nowhere.invalid", says="pi@nowhere.invalid cannot be reached: ")
    refused(
        *words[:-1],
        "--ssh=-oProxyCommand=x",
        says="'-oProxyCommand=x' is no machine",
        remedy="USER@HOST",
    )
    stranger = [
        str(server.folder / "stranger") if "user" in w and "=" not in w else w
        for w in server.command
    ]
    monkeypatch.setenv(SSH, shlex.join(stranger))
    refused(*words, server.target, says="accepts none of your keys", remedy="ssh-copy-id")
    unknown = [w.replace("/known", "/none") for w in server.command]
    monkeypatch.setenv(SSH, shlex.join(unknown))
    refused(*words, server.target, says="has an unknown host key", remedy="Log in once by hand")
    text = (server.folder / "stranger.pub").read_text().split()
    changed = server.folder / "changed"
    changed.write_text(f"[127.0.0.1]:{server.port} {text[0]} {text[1]}\n")
    monkeypatch.setenv(SSH, shlex.join(w.replace("/known", "/changed") for w in server.command))
    refused(*words, server.target, says="has another host key", remedy="Log in once by hand")
    monkeypatch.setenv(SSH, "no-such-ssh")
    refused(*words, server.target, says="no-such-ssh is not installed", remedy="openssh-client")


def test_no_room_there(
    refused: Callable[..., Done], models: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file where the folder should be; the earlier program is whole."""
    shutil.rmtree(server.home(), ignore_errors=True)
    server.home().parent.mkdir(exist_ok=True)
    server.home().write_text("in the way")
    words = ("flash", models / "int8.tflite", "--board", "local", "--ssh", server.target)
    refused(*words, says="cannot take the firmware: ", remedy="disk is not full")
    server.home().unlink()


def test_a_linux_board_counts_instructions_only_under_our_emulator() -> None:
    board = load_board("rpi5")
    assert board.unit == "instructions"
    assert emulator.as_found(board, "socket://pi:7000").unit == "us"
    qemu = load_board("microbit")
    assert emulator.as_found(qemu, "/dev/pts/99").unit == "instructions"


def test_targets() -> None:
    for text in ("", "a b", "-x"):
        with pytest.raises(BoardError, match="is no machine that ssh could reach"):
            Remote(text)
