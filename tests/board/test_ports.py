# SPDX-License-Identifier: Apache-2.0
"""Boards on USB: found by their numbers, in their boot loaders, back under another name, busy,
another board than was said."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board, all_boards, load_board
from edgeinfer.cli.app import main
from edgeinfer.errors import BoardError, DeviceError
from edgeinfer.firmware import build, flash, upload
from edgeinfer.image import read_image
from edgeinfer.wire import device, ports
from edgeinfer.wire.device import Device
from edgeinfer.wire.link import open_line
from edgeinfer.wire.ports import OnUsb
from tests.board.fake import INFO, FakeBoard
from tests.board.usb import Found, connect
from tests.export.conftest import tiny

NANO, NANO_BOOT, UNO = (0x2341, 0x805A), (0x2341, 0x005A), (0x2341, 0x0043)
PICO, PICO_BOOT, OTHER = (0x2E8A, 0x00C0), (0x2E8A, 0x0003), (0x1234, 0x5678)

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is on USB, and nobody waits for long."""
    connect(monkeypatch, {})
    monkeypatch.setattr(ports, "_USB_DEVICES", tmp_path / "devices")
    monkeypatch.setattr(ports, "_SETTLED", 0.2)
    monkeypatch.setattr(device, "BOOT_SECONDS", 0.1)
    monkeypatch.setattr(flash, "NEW_PORT_SECONDS", 0.5)
    monkeypatch.setenv("EDGEINFER_CACHE", str(tmp_path / "cache"))


def without_port(numbers: tuple[int, int], socket: str = "1-4") -> Path:
    """Let Linux list something that shows no serial port; its folder."""
    folder = ports._USB_DEVICES / socket
    folder.mkdir(parents=True)
    (folder / "idVendor").write_text(f"{numbers[0]:04x}\n")
    (folder / "idProduct").write_text(f"{numbers[1]:04x}\n")
    (ports._USB_DEVICES / f"{socket}:1.0").mkdir()  # an interface has no numbers
    return folder


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """A port where nobody answers, and its other end."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave), master
    os.close(master)
    os.close(slave)


def test_every_boot_loader_is_told_from_its_program() -> None:
    real = [board for board in all_boards() if board.usb.program]
    assert len(real) > 15
    for board in real:
        for numbers in board.usb.bootloader:
            asleep = OnUsb(numbers)
            assert ports.in_boot_loader(asleep, board) and not ports.runs_program(asleep, board)
        for numbers in board.usb.program:
            awake = OnUsb(numbers, "/dev/a")
            assert ports.runs_program(awake, board) and not ports.in_boot_loader(awake, board)
        if board.usb.bootloader:
            assert board.usb.enter and board.usb.leave


def test_ports_are_found_by_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    board = load_board("nano33ble")
    connect(monkeypatch, {"/dev/a": NANO, "/dev/b": UNO})
    assert ports.before_upload(board).port == ports.answering(board) == "/dev/a"
    assert ports.after_upload(board, OnUsb("2341:805a", "/dev/a")) == "/dev/a"
    connect(monkeypatch, {"/dev/a": NANO, "/dev/c": NANO})
    for search in (ports.before_upload, ports.answering):
        with pytest.raises(DeviceError, match="Several ports may be the nano33ble: /dev/a, /dev/c"):
            search(board)
    connect(monkeypatch, {"/dev/b": UNO})
    assert ports.before_upload(board) == OnUsb("")
    assert ports.answering(board, seconds=0) == ""
    with pytest.raises(DeviceError, match="No port on USB is a nano33ble") as caught:
        ports.after_upload(board, OnUsb(""), seconds=0.2)
    assert "There is /dev/b." in caught.value.remedy


def later(change: Callable[[], None], seconds: float = 0.3) -> threading.Timer:
    timer = threading.Timer(seconds, change)
    timer.start()
    return timer


def test_a_board_that_was_just_reset_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Found = {}
    connect(monkeypatch, found)
    timer = later(lambda: found.update({"/dev/a": NANO}))
    assert ports.answering(load_board("nano33ble")) == "/dev/a"
    timer.join()


def test_after_an_upload_the_boot_loader_is_not_taken_for_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It lingers for longer than a port has to be there; then the program has its name."""
    board, found = load_board("nano33ble"), {"/dev/a": NANO_BOOT}
    connect(monkeypatch, found)
    begin, timer = time.monotonic(), later(lambda: found.update({"/dev/a": NANO}), 0.6)
    assert ports.after_upload(board, OnUsb("2341:005a", "/dev/a")) == "/dev/a"
    assert time.monotonic() - begin > 0.6
    timer.join()


def test_a_board_that_stays_in_its_boot_loader_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, {"/dev/a": NANO_BOOT})
    with pytest.raises(DeviceError, match=r"stays in its boot loader \(/dev/a\)") as caught:
        ports.after_upload(load_board("nano33ble"), OnUsb("2341:805a", "/dev/a"), seconds=0.3)
    assert caught.value.remedy.startswith("Press its reset button once;")


def test_a_port_that_comes_back_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    board, found = load_board("nano33ble"), {"/dev/a": NANO}
    connect(monkeypatch, found)
    before = ports.before_upload(board, "/dev/a")

    def rename() -> None:
        del found["/dev/a"]
        found["/dev/b"] = NANO

    timer = later(rename, 0.1)
    assert ports.after_upload(board, before) == "/dev/b"
    timer.join()


def test_two_like_boards_are_told_apart_by_their_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was flashed comes back under the other one's old name."""
    board, found = load_board("nano33ble"), {"/dev/a": NANO, "/dev/b": NANO}
    where = {"/dev/a": "1-1", "/dev/b": "1-2"}
    connect(monkeypatch, found, where)
    before = ports.before_upload(board, "/dev/a")
    where.update({"/dev/a": "1-2", "/dev/b": "1-1"})
    assert ports.after_upload(board, before) == "/dev/b"


def test_a_line_that_is_none_of_usb_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, {"/dev/ttyS0": (None, None), "/dev/a": NANO})  # type: ignore[dict-item]
    board = load_board("nano33ble")
    assert ports.after_upload(board, ports.before_upload(board, "/dev/ttyS0")) == "/dev/ttyS0"


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What PlatformIO is asked for, which does nothing."""
    asked: list[tuple[str, ...]] = []
    firmware = build.Firmware(Path("x"), 0, 0, 0, 0, 0, 0)
    monkeypatch.setattr(build, "build", lambda *args, **options: firmware)
    monkeypatch.setattr(
        upload, "run_platformio", lambda folder, board, *options, watch: asked.append(options)
    )
    return asked


def answers_as(fake: FakeBoard, name: str, image: bytes) -> None:
    fake.info = INFO.replace("board-[fake]", f"board-[{name}]")
    fake.info = fake.info.replace("crc-[1]", f"crc-[{read_image(image).crc}]")
    fake.selftest = "ok 00000001 00000001"


def test_a_pico_in_its_boot_loader_is_flashed(
    fake: FakeBoard, uploads: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no port before, and has one afterwards."""
    image, found = tiny(), {"/dev/other": OTHER}
    answers_as(fake, "pico", image)
    folder = without_port(PICO_BOOT)
    connect(monkeypatch, found, {"/dev/other": "1-1", fake.port: "1-4"})

    def run(project: Path, board: Board, *options: str, watch: object) -> str:
        uploads.append(options)
        (folder / "idProduct").write_text("00c0\n")
        found[fake.port] = PICO
        return ""

    monkeypatch.setattr(upload, "run_platformio", run)
    assert flash.flash(image, load_board("pico")).port == fake.port
    assert uploads == [("-t", "upload", "--upload-port", "2e8a:0003")]


def test_the_port_of_another_board_is_not_flashed(
    uploads: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, {"/dev/a": UNO, "/dev/b": OTHER})
    with pytest.raises(BoardError, match=r"/dev/a is a uno \(2341:0043\), and no nano33ble"):
        flash.flash(tiny(), load_board("nano33ble"), port="/dev/a")
    assert uploads == []
    assert ports.before_upload(load_board("nano33ble"), "/dev/b").port == "/dev/b"  # an adapter


def test_another_board_or_model_at_the_port_is_told(
    fake: FakeBoard, uploads: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = load_board("nano33ble")
    connect(monkeypatch, {fake.port: NANO})
    with pytest.raises(DeviceError, match="says that it is a fake, not a nano33ble"):
        flash.flash(tiny(), board)
    fake.info = INFO.replace("board-[fake]", "board-[nano33ble]")
    with pytest.raises(DeviceError, match="runs another model"):
        flash.flash(tiny(), board)
    fake.info = fake.info.replace("protocol-[1]", "protocol-[0]")
    with pytest.raises(DeviceError, match="speaks protocol 0, this program 1") as caught:
        flash.flash(tiny(), board)
    assert caught.value.remedy.startswith("Flash the board again")
    busy = pytest.raises(DeviceError, match="in use by another program")
    with open_line(fake.port, 115_200), busy:
        flash.flash(tiny(), board)


def test_a_port_is_busy_only_at_first(
    fake: FakeBoard, uploads: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a modem manager looks at every port that comes."""
    image = tiny()
    answers_as(fake, "nano33ble", image)
    connect(monkeypatch, {fake.port: NANO})
    monkeypatch.setattr(flash, "NEW_PORT_SECONDS", 10.0)
    other = open_line(fake.port, 115_200)
    timer = later(other.close, 1.0)
    assert flash.flash(image, load_board("nano33ble")).port == fake.port
    timer.join()


HOLD = "import sys, time, serial; s = serial.Serial(sys.argv[1], exclusive=True); print('open')"


@pytest.fixture
def held(fake: FakeBoard) -> Iterator[str]:
    """A port that another program has open."""
    command = [sys.executable, "-c", f"{HOLD}; sys.stdout.flush(); time.sleep(60)", fake.port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "open\n"
        yield f"python[0-9.]* \\(process {other.pid}\\)"
        other.kill()


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(),
    reason="needs /proc/self/fd, which tells who has a port open",
)
def test_a_busy_port_is_told_with_who_has_it(
    fake: FakeBoard, held: str, uploads: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeviceError, match=f"is in use by {held}") as caught:
        Device(fake.port)
    assert caught.value.remedy.startswith("Close python")
    connect(monkeypatch, {fake.port: NANO})
    with pytest.raises(DeviceError, match=f"is in use by {held}"):
        flash.flash(tiny(), load_board("nano33ble"))
    assert uploads == []  # nothing is uploaded to a board that another program talks to


def test_a_board_does_not_hold_its_own_line(tmp_path: Path) -> None:
    """An emulator keeps the other end open."""
    port = flash.flash(tiny(), load_board("local")).port
    try:
        assert ports.holder(port) == ""
        with open_line(port, 115_200), pytest.raises(DeviceError, match="by another program"):
            Device(port)
    finally:
        emulator.stop("local")


def test_a_board_in_its_boot_loader_is_told(
    silent: tuple[str, int], capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, _ = silent
    connect(monkeypatch, {port: NANO_BOOT})
    monkeypatch.setattr("edgeinfer.cli.common.Device", lambda *a, **o: Device(*a, timeout=0.1, **o))
    for words in (("--board", "nano33ble"), ("--port", port)):
        assert main(["bench", *words]) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert f"The nano33ble is in its boot loader ({port})" in said
        assert "Press its reset button once to start its program, or flash it: edgeinfer" in said
    connect(monkeypatch, {})
    without_port(PICO_BOOT)
    assert main(["load", str(port), "--board", "pico"]) == 2
    assert "The pico is in its boot loader (USB 2e8a:0003)" in capsys.readouterr().err


def test_a_boot_loader_that_says_so_on_the_programs_port(
    silent: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, end = silent
    connect(monkeypatch, {port: (0x10C4, 0xEA60)})
    monkeypatch.setattr(device, "BOOT_SECONDS", 3.0)
    words = b"rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n"
    timer = later(lambda: os.write(end, words) and None, 0.1)
    with pytest.raises(DeviceError, match="is in its boot loader") as caught:
        Device(port, timeout=0.1)
    assert "(EN) without BOOT" in caught.value.remedy
    timer.join()


def test_only_a_port_that_resets_its_board_is_listened_to_first(
    fake: FakeBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A boot loader must not be told anything; a Nano has none behind its port."""
    monkeypatch.setattr(device, "BOOT_SECONDS", 1.0)
    for numbers, waits in ((NANO, False), (UNO, True), (OTHER, True)):
        connect(monkeypatch, {fake.port: numbers})
        begin = time.monotonic()
        Device(fake.port).close()
        assert (time.monotonic() - begin >= 1.0) == waits


def test_boards_says_what_a_port_may_be(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, {"/dev/a": UNO, "/dev/b": NANO_BOOT})
    without_port(PICO_BOOT)
    without_port(OTHER, "1-5")  # no board
    assert main(["boards"]) == 0
    said = capsys.readouterr().out.splitlines()[-3:]
    assert said[0] == "/dev/a: title of /dev/a (may be uno)"
    assert said[1] == "/dev/b: title of /dev/b (boot loader of nano33ble)"
    assert said[2] == "USB 2e8a:0003: no port (boot loader of pico)"


def test_bench_says_that_a_board_is_not_connected(capsys: Said) -> None:
    assert main(["bench", "--board", "nano33ble"]) == 2
    assert "No nano33ble is connected." in capsys.readouterr().err
