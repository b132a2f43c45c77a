# SPDX-License-Identifier: Apache-2.0
"""Every emulated board: built, flashed, and equal to the host in every byte."""

from __future__ import annotations

import dataclasses
import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from edgeinfer.bench import bench
from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DataError, DeviceError, FitError
from edgeinfer.firmware.flash import arena_room, flash
from edgeinfer.image import layer_names, read_image
from edgeinfer.session import Session
from edgeinfer.tflite import read
from edgeinfer.wire.device import Device
from tests.board.conftest import BOARDS, WIDTH, Desk, two_inputs

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once


def _inputs(seed: int) -> list[np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(seed)
    return [rng.integers(-128, 128, (1, WIDTH)).astype(np.int8) for _ in range(2)]


@pytest.mark.parametrize("name", BOARDS)
def test_bytes_equal_the_host(name: str, desk: Desk, image: bytes) -> None:
    session = Session(image)
    with Device(desk.port(name)) as device:
        device.selftest()
        for seed in range(3):
            inputs = _inputs(seed)
            expected = [output.tobytes() for output in session.run(inputs)]
            assert device.invoke([each.tobytes() for each in inputs]) == expected


@pytest.mark.parametrize("name", BOARDS)
def test_memory_is_known_and_small(name: str, desk: Desk) -> None:
    result = desk.result(name)
    assert result.static_ram_bytes <= (131_072 if load_board(name).hosted else 512)
    with Device(result.port) as device:
        device.selftest()
        memory = device.memory()
    assert memory.static_bytes == result.static_ram_bytes
    assert memory.arena_bytes == result.arena_bytes
    assert memory.input_bytes == 2 * WIDTH
    assert 0 < memory.stack_used <= memory.stack_bytes // 2


@pytest.mark.parametrize("name", [name for name in BOARDS if load_board(name).emulated])
def test_instructions_repeat_exactly_on_a_fresh_board(name: str, desk: Desk, image: bytes) -> None:
    board, facts, names = load_board(name), read_image(image), layer_names(two_inputs())
    counts = []
    for _ in range(2):
        emulator.stop(name)
        with Device(desk.port(name)) as device:
            counts.append(bench(device, board, facts, runs=3, layers=True, names=names))
    for count in counts:
        del count["port"], count["stack_bytes"]
    assert counts[0] == counts[1]
    assert counts[0]["unit"] == "instructions"
    assert counts[0]["per_inference_min"] == counts[0]["per_inference_max"]
    assert [layer["op"] for layer in counts[0]["layers"]] == ["ADD", "FULLY_CONNECTED"]
    total = sum(layer["ticks"] for layer in counts[0]["layers"])
    assert 0.95 * counts[0]["per_inference"] < total <= counts[0]["per_inference"]


# The number that an illegal instruction has: HardFault, mcause 2, SIGILL.
ILLEGAL = {"cortex_m": 3, "riscv": 2, "linux": 4}


@pytest.mark.parametrize("name", BOARDS)
def test_fault_is_reported_and_the_board_recovers(name: str, desk: Desk) -> None:
    number = ILLEGAL[TOOLCHAINS[load_board(name).toolchain].cpu]
    with (
        Device(desk.port(name)) as device,
        pytest.raises(DeviceError, match=f"fault {number} at 0x"),
    ):
        device.link.command("ei fault")
    with Device(desk.port(name)) as device:
        device.selftest()


def test_an_input_without_a_buffer_of_its_own_goes_into_the_arena(
    image: bytes, cache: Path
) -> None:
    roomy = load_board("microbit")
    arena = read_image(image).arena_bytes
    # All but 100 of the 600 bytes that the input would need.
    ram = arena + roomy.ram_bytes - arena_room(roomy) + 100
    tight = dataclasses.replace(roomy, name="tight", ram_bytes=ram)
    session, inputs = Session(image), _inputs(1)
    result = flash(image, tight)
    with Device(result.port) as device:
        expected = [output.tobytes() for output in session.run(inputs)]
        assert device.invoke([each.tobytes() for each in inputs]) == expected
        assert not device.info().keeps_input
        with pytest.raises(DeviceError, match="No input"):
            device.run_ticks(1)
        device.load_input(b"".join(each.tobytes() for each in inputs))
        with pytest.raises(DeviceError, match="before each inference"):
            device.run_ticks(2)
    emulator.stop("tight")


# As much as start-up needs: a whole frame of an exception is more on RISC-V.
@pytest.mark.parametrize(
    ("name", "stack"), [("mps2-an386", 128), ("hifive1", 192), ("riscv-virt", 192)]
)
def test_stack_overflow_is_a_fault(name: str, stack: int, image: bytes, cache: Path) -> None:
    tiny = dataclasses.replace(load_board(name), name="overflow", stack_bytes=stack)
    with pytest.raises(DeviceError, match="stack overflow"):
        flash(image, tiny)
    assert emulator.find("overflow") is None


def test_images_of_equal_size_are_told_apart(desk: Desk, image: bytes) -> None:
    """An image ends with its own CRC, so the CRC over all of it is the same for every image."""
    other = image[:-4].replace(b"two", b"owt")
    other += zlib.crc32(other).to_bytes(4, "little")
    assert other != image and len(other) == len(image)
    with Device(desk.port("netduinoplus2")) as device:
        held = device.info().image_crc
    assert held == read_image(image).crc != read_image(other).crc


def test_wrong_input_size(desk: Desk) -> None:
    with (
        Device(desk.port("netduinoplus2")) as device,
        pytest.raises(DataError, match="600 bytes of input, 7 were given"),
    ):
        device.load_input(bytes(7))


def test_ram_and_flash_are_checked_before_building(image: bytes, cache: Path) -> None:
    board = load_board("microbit")
    with pytest.raises(FitError, match=r"RAM is short by [\d,]+ bytes"):
        flash(image, dataclasses.replace(board, ram_bytes=2048))
    with pytest.raises(FitError, match="flash is short by 100 bytes"):
        flash(image, dataclasses.replace(board, flash_bytes=len(image) - 100))
    with pytest.raises(FitError, match="flash is short by"):  # found by the linker
        flash(image, dataclasses.replace(board, flash_bytes=len(image) + 64), project_name="full")


def test_keyword_spotting_fits_and_counts(shared: Path, cache: Path) -> None:
    model = (shared / "models" / "int8" / "kws01_int8.tflite").read_bytes()
    image = compile_graph(read(model)).image
    board, counts = dataclasses.replace(load_board("netduinoplus2"), name="kws"), []
    for _ in range(2):
        result = flash(image, board)
        assert result.arena_bytes <= 16_500
        assert result.static_ram_bytes <= 1024
        with Device(result.port) as device:
            counts.append(bench(device, board, read_image(image), runs=2)["per_inference"])
    assert counts[0] == counts[1] > 1_000_000
    emulator.stop("kws")


def test_emulators_end_when_told(desk: Desk) -> None:
    desk.port("microbit")
    running = emulator.running()
    assert running
    for each in running:
        assert emulator.stop(each.board)
        with pytest.raises(ProcessLookupError):
            os.kill(each.pid, 0)
        assert not emulator.stop(each.board)
