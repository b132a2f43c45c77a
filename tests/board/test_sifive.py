# SPDX-License-Identifier: Apache-2.0
"""A board that is emulated and real: the HiFive1 rev B. Its PlatformIO project is built by a
stand-in for the public platform (tests/board/sifive) and runs in QEMU from the address where the
board runs it; its clock set-up also runs over a model of the chip that is stricter than QEMU's."""

from __future__ import annotations

import dataclasses
import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board, load_board, real_board
from edgeinfer.cli.app import main
from edgeinfer.errors import FitError
from edgeinfer.firmware import build, upload
from edgeinfer.firmware.flash import flash, project
from edgeinfer.tflite import write
from edgeinfer.wire import ports
from edgeinfer.wire.device import Device
from edgeinfer.wire.smp import WRITE, Smp
from tests.board import debugger
from tests.board.conftest import two_inputs
from tests.board.test_arduino import gives_the_hosts_bytes
from tests.board.usb import connect
from tests.conftest import ROOT, need
from tests.export.conftest import tiny

pytestmark = pytest.mark.xdist_group("projects")

NAME, J_LINK = "hifive1-revb", (0x1366, 0x1051)
FLASH, PLLCFG, UART_DIV = 0x2001_0000, 0x1000_8008, 0x1001_3018


@pytest.fixture(scope="module")
def small() -> bytes:
    return tiny()


@pytest.fixture
def real() -> Board:
    return real_board(load_board(NAME))


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PlatformIO has a platform of this name, and needs no other."""
    here = tmp_path / "core" / "platforms" / "sifive"
    shutil.copytree(Path(__file__).parent / "sifive", here)
    local = (ROOT / "firmware" / "platform" / "platform.py").read_text(encoding="utf-8")
    (here / "platform.py").write_text(local.replace("EdgeinferPlatform", "SifivePlatform"))
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "core"))


def test_one_file_has_both_sides(real: Board, cache: Path) -> None:
    emulated = load_board(NAME)
    assert (emulated.unit, emulated.verified) == ("instructions", "emulator")
    assert (real.unit, real.amount(320), real.clock_hz) == ("cycles", 320, 320_000_000)
    assert real.flash_origin == emulated.flash_origin and real.folder != emulated.folder
    assert not real.runs_here and real_board(real) == real
    assert build.needed_tools(real) == {} != build.needed_tools(emulated)
    assert emulator.as_found(emulated, "/dev/other") == real  # what runs there is none of ours
    alone = load_board("hifive1")
    assert real_board(alone) == alone and not alone.two_sided


def test_flash_project_writes_one_for_the_real_board(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, target = tmp_path / "two.tflite", tmp_path / "board"
    model.write_bytes(write(two_inputs()))
    assert main(["flash", str(model), "--board", NAME, "--project", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["board"] == NAME
    lines = (target / "platformio.ini").read_text().splitlines()
    assert lines[:4] == [
        f"[env:{NAME}]",
        "platform = sifive",
        f"board = {NAME}",
        "board_build.ldscript = link.ld",
    ]
    assert not any(line.startswith("framework") for line in lines)
    script = (target / "link.ld").read_text()
    assert "FLASH (rx) : ORIGIN = 0x20010000, LENGTH = 4128768" in script
    assert "RAM (rwx) : ORIGIN = 0x80000000, LENGTH = 16384" in script and "INCLUDE" not in script
    config = (target / "src" / "config.h").read_text()
    assert "EI_CORE_HZ 320000000u" in config and "EI_CLOCK_HZ 320000000u" in config
    assert "Arduino" not in "".join(f.read_text() for f in (target / "src").glob("cpu_*.c"))


def test_it_is_flashed_as_on_usb_and_runs_where_the_board_runs_it(
    real: Board, platform: None, small: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that `flash --port` does, but that the debug port of the emulated one is the J-Link."""
    blank = emulator.start(load_board(NAME), blank=True)
    other = "/dev/other"  # the debugger has two ports

    def run(folder: Path, board: Board, *options: str, watch: object = None) -> str:
        assert options == ("-t", "upload", "--upload-port", blank.port)
        emulator.put(load_board(NAME), folder / ".pio" / "build" / NAME / "firmware.elf")
        return ""

    monkeypatch.setattr(upload, "run_platformio", run)
    monkeypatch.setattr(ports, "_SETTLED", 0.2)
    connect(monkeypatch, {other: J_LINK, blank.port: J_LINK}, {other: "1-1", blank.port: "1-1"})
    stages: list[str] = []
    result = flash(small, real, port=blank.port, progress=stages.append)
    assert stages == ["build", "upload", "self-test"] and result.port == blank.port
    elf = build.project_folder(real.folder) / ".pio" / "build" / NAME / "firmware.elf"
    assert struct.unpack_from("<I", elf.read_bytes(), 24)[0] == FLASH  # where it begins
    assert build.built(load_board(NAME)) != elf
    gives_the_hosts_bytes(result.port, small)
    with Device(result.port) as device:
        memory, timer = device.memory(), device.info().timer
        assert (timer, device.info().hz) == ("mcycle", 320_000_000)
        assert memory.static_bytes <= result.static_ram_bytes
        assert memory.stack_bytes == result.stack_bytes
        parts = (result.arena_bytes, result.static_ram_bytes, result.serial_bytes)
        assert sum(parts) + result.stack_bytes <= real.ram_bytes
        assert Smp(device.link).request(0, 5, WRITE, {}) == {}  # a reset
        device.link.hello()
        device.selftest()
    with debugger.connect(NAME) as probe:
        read = [struct.unpack("<I", probe.read(at, 4))[0] for at in (PLLCFG, UART_DIV)]
    assert read == [1 << 31 | 0b11 << 16 | 1 << 10 | 39 << 4 | 1, 2777]
    emulator.stop(NAME)


def test_a_model_too_large_for_it_is_refused_when_it_is_linked(
    real: Board, platform: None, image: bytes, cache: Path
) -> None:
    with pytest.raises(FitError, match="flash is short by"):
        flash(image, dataclasses.replace(real, flash_bytes=16_384))


def _written(board: Board, image: bytes, folder: Path) -> Path:
    for name, text in project(image, board).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def chip(small: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's serial port, clock and reset, over a model of what they touch."""
    need("g++")
    folder = _written(real_board(load_board(NAME)), small, tmp_path_factory.mktemp("chip"))
    program = folder / "chip"
    source = Path(__file__).parent / "sifive" / "chip.cpp"
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-o", str(program)]
    command += [f"-I{folder / 'src'}", "-fsanitize=address,undefined", str(source)]
    subprocess.run(command, check=True)
    return program


@pytest.mark.parametrize("ring_hz", [8e6, 14.4e6, 30e6])
@pytest.mark.parametrize(
    "before",
    [0x0006_0DF1, 0x0007_0000, 0x0003_0671, 0x0003_05F1],
    ids=["reset", "crystal", "320-mhz", "256-mhz"],
)
def test_the_clock_is_set_up_from_any_other(chip: Path, before: int, ring_hz: float) -> None:
    """From that of a reset, those that boot loaders may leave, and its own."""
    command = [str(chip), str(ring_hz), str(before)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    expected = "320000000 Hz, flash at 40000000 Hz, 115191 baud\n"
    assert said.stdout == 2 * expected + "reset\n", said.stderr
