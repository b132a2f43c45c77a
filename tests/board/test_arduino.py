# SPDX-License-Identifier: Apache-2.0
"""The firmware on the Arduino framework: compiled for its cores, flashed by stock avrdude through a
boot loader, and equal to the host on an Uno and a Mega in simavr."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board, all_boards, load_board
from edgeinfer.cli.app import main
from edgeinfer.compile import compile_graph
from edgeinfer.errors import BoardError, DeviceError, FitError
from edgeinfer.firmware import build, upload
from edgeinfer.firmware.flash import flash, project
from edgeinfer.firmware.models import Models
from edgeinfer.firmware.project import Parts
from edgeinfer.image import read_image
from edgeinfer.tflite import read_file, write
from edgeinfer.wire.device import Device
from edgeinfer.wire.smp import WRITE, Smp
from tests.board.conftest import two_inputs
from tests.board.usb import connect
from tests.conftest import need
from tests.csrc.images import banded, wide
from tests.csrc.test_toolchains import STRING_H, XTENSA
from tests.export.conftest import example_output, tiny

pytestmark = pytest.mark.xdist_group("projects")

HERE = Path(__file__).parent
EMULATED = ("uno-simavr", "mega-simavr")
PUBLIC = [board for board in all_boards() if board.arduino and board.platform != "local"]
PROGRAMMER = {  # what avrdude is told for an Uno with this boot loader, and for a Mega
    "uno-simavr": ("-c", "arduino", "-p", "m328p", "-b", "57600"),
    "mega-simavr": ("-c", "wiring", "-p", "m2560", "-b", "115200"),
}


@pytest.fixture(scope="module")
def small() -> bytes:
    return tiny()


def test_the_code_of_forms_of_steps_comes_with_an_image_that_has_them(
    small: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = banded()
    for image, forms in (
        (small, {"short_steps"}),
        (made.image, {"short_steps", "bands"}),
        (wide(made.plan, monkeypatch), {"steps"}),
    ):
        assert read_image(image).forms == forms
        chosen = project(image, load_board("megaatmega2560"))["src/csrc/isa/isa.h"]
        assert ("#define EI_NO_STEPS\n" in chosen) != ("steps" in forms)
        assert ("#define EI_NO_BANDS\n" in chosen) != ("bands" in forms)


def gives_the_hosts_bytes(port: str, image: bytes) -> None:
    expected = example_output(image)
    with Device(port) as device:
        device.selftest()
        (size,) = device.info().inputs
        assert list(device.invoke([bytes(i * 7 % 256 for i in range(size))])[0]) == expected


def avrdude(name: str, port: str, elf: Path) -> None:
    """Upload as anyone would. A pseudo-terminal has no DTR; opening it resets all the same."""
    need("avrdude", "avr-objcopy")
    program = elf.with_suffix(".hex")
    subprocess.run(["avr-objcopy", "-O", "ihex", "-R", ".eeprom", elf, program], check=True)
    command = ["avrdude", *PROGRAMMER[name], "-P", port, "-D", "-U", f"flash:w:{program}:i"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", EMULATED)
def test_flashed_it_equals_the_host(name: str, small: bytes, cache: Path) -> None:
    board = load_board(name)
    result = flash(small, board)
    gives_the_hosts_bytes(result.port, small)
    parts = (result.arena_bytes, result.static_ram_bytes, result.serial_bytes, result.stack_bytes)
    assert sum(parts) + result.image_ram_bytes <= board.ram_bytes
    with Device(result.port) as device:
        device.selftest()
        memory = device.memory()
        assert 100 < memory.stack_used < memory.stack_bytes == result.stack_bytes
        assert memory.static_bytes <= result.static_ram_bytes
        with pytest.raises(DeviceError, match="reports no faults"):
            device.link.command("ei fault")
    emulator.stop(name)


def test_hello_world_runs_in_2_kb(shared: Path, cache: Path) -> None:
    graph = read_file(shared / "models" / "int8" / "hello_world_int8.tflite")
    image = compile_graph(graph, strip=True).image
    gives_the_hosts_bytes(flash(image, load_board("uno-simavr")).port, image)
    emulator.stop("uno-simavr")


def test_smp_on_a_mega(small: bytes, cache: Path) -> None:
    """In pieces, too; a reset by command."""
    with Device(flash(small, load_board("mega-simavr")).port) as device:
        smp = Smp(device.link)
        assert smp.request(0, 0, WRITE, {"d": "hello"}) == {"r": "hello"}
        assert smp.firmware().slots == 0  # opening the line resets it: what would they be for?
        with pytest.raises(DeviceError, match="has no slots for uploaded models"):
            smp.upload(small)
        assert device.link.armour()
        device.load_input(bytes(range(8)))
        device.run_ticks(1)
        before = device.output()
        assert smp.request(0, 5, WRITE, {}) == {}
        device.link.hello()
        with pytest.raises(DeviceError, match="No input"):
            device.run_ticks(1)
        assert device.invoke([bytes(range(8))]) == before
    emulator.stop("mega-simavr")


def test_slots_on_the_arduino_port(small: bytes, cache: Path) -> None:
    """As on a board that goes on when a host opens its line; here it is opened once."""
    mega = load_board("mega-simavr")
    board = dataclasses.replace(
        mega, name="mega-slots", usb=dataclasses.replace(mega.usb, resets=False)
    )
    done, other = flash(small, board), tiny("other")
    assert done.slots == 1 and done.slot_bytes > len(other)
    with Device(done.port) as device:
        smp = Smp(device.link)
        smp.upload(other)
        smp.switch(other)
        device.refresh()
        assert (device.info().model, device.info().slot) == ("other", 1)
        assert device.memory().static_bytes <= done.static_ram_bytes
        device.selftest()
        smp.request(0, 5, WRITE, {})
        device.link.hello()
        device.refresh()
        assert (device.info().model, device.info().slot) == ("tiny", 0)
    emulator.stop("mega-slots")


@pytest.mark.parametrize("board", PUBLIC, ids=lambda board: board.name)
def test_smp_where_there_is_room(board: Board, small: bytes) -> None:
    config = project(small, board)["src/config.h"]
    facts = dict(line.split()[1:3] for line in config.splitlines())
    assert (facts["EI_SMP_BYTES"] != "0u") == (board.name != "uno")
    assert (facts["EI_SLOTS"] == "1u") == (board.name != "uno" and not board.usb.resets)


@pytest.fixture(params=EMULATED)
def blank(request: pytest.FixtureRequest, cache: Path) -> Iterator[emulator.Emulator]:
    """A board with nothing but its boot loader."""
    yield emulator.start(load_board(request.param), Path("none"))
    emulator.stop(request.param)


def test_a_real_board_is_flashed_through_its_boot_loader(
    blank: emulator.Emulator, small: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that `flash` does for a board on USB, but that avrdude is started by this test."""
    board = dataclasses.replace(
        load_board(blank.board), name=f"real-{blank.board}", emulator=(), usb=load_board("uno").usb
    )
    asked = []

    def run(folder: Path, board: Board, *options: str, watch: object = None) -> str:
        asked.append(options)
        avrdude(blank.board, blank.port, folder / ".pio" / "build" / board.name / "firmware.elf")
        return ""

    monkeypatch.setattr(upload, "run_platformio", run)
    connect(monkeypatch, {blank.port: (0x2341, 0x0043), "/dev/other": (1, 2)})
    stages: list[str] = []
    result = flash(small, board, progress=stages.append)
    assert asked == [("-t", "upload", "--upload-port", blank.port)]
    assert stages == ["build", "upload", "self-test"]
    assert result.port == blank.port
    gives_the_hosts_bytes(result.port, small)


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        ("HTTPClientError: ", BoardError, "could not fetch 'nordicnrf52'"),
        ("UnknownPackageError: Could not find", BoardError, "could not fetch 'nordicnrf52'"),
        ("*** [upload] Error 1", BoardError, "The upload to nano33ble failed"),
        ("main.c:1:2: error: what", BoardError, "does not build: main.c:1:2: error: what"),
        (
            "Error: The data size (2100 bytes) is greater than maximum allowed (2048 bytes)",
            FitError,
            "RAM is short by 52 bytes",
        ),
    ],
)
def test_what_platformio_says_is_put_into_a_sentence(
    said: str, error: type[Exception], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = subprocess.CompletedProcess([], 1, stdout=f"Processing\n{said}\n", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: done)
    with pytest.raises(error, match=message):
        build.run_platformio(tmp_path, load_board("nano33ble"), "-t", "upload")


def test_sizes_are_read_from_platformio(
    small: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = (
        "RAM:   [=    ]  12.0% (used 31464 bytes from 262144 bytes)\n"
        "Flash: [=    ]   8.0% (used 78644 bytes from 983040 bytes)\n"
    )
    monkeypatch.setattr(build, "run_platformio", lambda *args: log)
    found = build.build(Parts(Models([small]), load_board("nano33ble"), 8))
    assert found.code_bytes + found.image_bytes == 78644
    assert found.static_ram_bytes + found.arena_bytes + found.serial_bytes == 31464


def test_a_model_too_large_for_an_uno_is_refused_with_figures(image: bytes) -> None:
    with pytest.raises(FitError, match=r"RAM is short by [\d,]+ bytes"):
        flash(image, load_board("uno-simavr"))  # its constants lie in RAM


@pytest.mark.parametrize(
    "compiler",
    [
        ("arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb"),
        ("arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb"),
        ("arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
        ("arm-none-eabi-gcc", "-mcpu=cortex-m33", "-mthumb"),
        ("riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs"),
        XTENSA,
        ("gcc",),
    ],
    ids=lambda compiler: "-".join(compiler[:2]).replace("-mcpu=", ""),
)
def test_the_project_compiles_without_a_warning(
    compiler: tuple[str, ...], small: bytes, tmp_path: Path
) -> None:
    """Every file, against no more of Arduino's interface than tests/board/arduino has."""
    need(compiler[0])
    esp = compiler == XTENSA or compiler[0].startswith("riscv")
    counts = esp or ("-mcpu=cortex-m0" not in compiler and compiler != ("gcc",))
    name = "pico" if not counts else "esp32-c3" if esp else "nano33ble"
    texts = project(small, load_board(name))
    if esp:  # no slots where opening the port resets: with them, all of it is compiled
        texts["src/config.h"] = project(small, load_board("nano33ble"))["src/config.h"]
    assert f"EI_CYCLES {int(counts or esp)}" in texts["src/config.h"]
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    if compiler == XTENSA:
        (tmp_path / "src" / "string.h").write_text(STRING_H)
    sources = [f for f in sorted((tmp_path / "src").rglob("*")) if f.suffix in (".c", ".cpp")]
    assert {"smp.c", "slots.c", "armour.c"} <= {source.name for source in sources}
    chip = ["-DESP8266"] if compiler == XTENSA else ["-DESP32"] if esp else []
    core = ["-DARDUINO=10819", *chip]
    for source in sources:
        language = ["-std=gnu++11"] if source.suffix == ".cpp" else ["-std=gnu99"]
        warnings = ["-Wall", "-Wextra", "-Wconversion", "-Werror"]
        command = [
            *compiler,
            "-O2",
            *core,
            *language,
            *warnings,
            f"-I{HERE / 'arduino'}",
            f"-I{tmp_path / 'src'}",
        ]
        command += ["-c", str(source), "-o", str(tmp_path / "out.o")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("board", PUBLIC, ids=lambda board: board.name)
def test_every_public_board_has_a_whole_project(board: Board, small: bytes) -> None:
    texts = project(small, board)
    lines = dict(line.split(" = ", 1) for line in texts["platformio.ini"].splitlines()[1:])
    assert lines["platform"] == board.platform
    assert lines["framework"] == "arduino" and lines["monitor_speed"] == "115200"
    assert f'EI_BOARD "{board.name}"' in texts["src/config.h"]
    data = texts["src/model.inc"].replace("\n", "")
    assert bytes(int(word) for word in data.rstrip(",").split(",")) == small


def test_flash_project_only_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, target = tmp_path / "two.tflite", tmp_path / "pico"
    model.write_bytes(write(two_inputs()))
    words = ["flash", str(model), "--board", "pico", "--project", str(target)]
    for _ in range(2):  # the second replaces the first
        assert main([*words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["project"] == str(target)
    assert (target / "platformio.ini").is_file() and (target / "src" / "main.c").is_file()
    (target / "src" / "main.c").write_text("mine")
    assert main(words) == 2
    assert "was changed" in capsys.readouterr().err
    words[3] = "microbit"
    assert main(words) == 2
    assert "Leave out --project" in capsys.readouterr().err


READ = f"avrdude: AVR device initialized\n\nReading | {50 * '#'} | 100% 0.00s\n"


@pytest.mark.parametrize(
    ("said", "share"),
    [
        ("RAM:   [=    ]  12.0% (used 31464 bytes from 262144 bytes)\n", None),
        (f"Uploading .pio/build/uno/firmware.hex\n{READ}Writing | ##########", 0.2),
        (f"Uploading firmware.hex\nWriting | {50 * '#'} | 100% 0.50s\n", 1.0),
        ("Uploading firmware.bin\nWriting at 0x00010000... (12 %)\nWriting at 0x0001", 0.12),
        ("Uploading firmware.bin\n[===       ] 40% (12/30 pages)\r[====      ] 53.5% (16", 0.535),
        ("Uploading firmware.bin\nDownload\t[=====     ]  55%        20480 bytes", 0.55),
        ("Uploading firmware.elf\n** Programming Started **\n", None),
    ],
)
def test_how_far_uploaders_say_they_are(said: str, share: float | None) -> None:
    assert build.uploaded_share(said) == share


PRINTS = r"""#!/bin/sh
printf 'Uploading x\n 10%%'; sleep 0.3; printf '\r 90%%'; sleep 0.3; exit $FAIL
"""


def test_an_upload_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What PlatformIO prints is looked at while it runs, and kept."""
    program = tmp_path / "python"
    program.write_text(PRINTS)
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    monkeypatch.setenv("FAIL", "0")
    shares: list[float] = []
    board = load_board("nano33ble")
    text = build.run_platformio(tmp_path, board, "-t", "upload", watch=shares.append)
    assert shares == [0.1, 0.9]
    assert text == (tmp_path / "build.log").read_bytes().decode() == "Uploading x\n 10%\r 90%"
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(BoardError, match="does not build"):
        build.run_platformio(tmp_path, board, "-t", "upload", watch=shares.append)
