# SPDX-License-Identifier: Apache-2.0
"""Image → running board: fit check, build, upload, self-test."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from edgeinfer import build, emulator
from edgeinfer.boards import Board
from edgeinfer.device import Device
from edgeinfer.errors import BoardError, DeviceError
from edgeinfer.image import Image, read_image
from edgeinfer.plan import SMALLEST, Goal


@dataclass(frozen=True)
class FlashResult:
    """Where the model runs, and what it takes there. Sizes in bytes."""

    board: str
    port: str
    image_bytes: int
    code_bytes: int  # flash beyond the image
    static_ram_bytes: int  # RAM beyond arena, stack and serial buffers
    arena_bytes: int
    stack_bytes: int
    serial_bytes: int


def flash(
    image: bytes,
    board: Board,
    *,
    project_name: str = "",
    progress: Callable[[str], None] | None = None,
) -> FlashResult:
    """Put an image on a board and have it prove that it computes the right bytes.

    `progress` is told of each stage. Raises FitError, BoardError, DeviceError or MismatchError."""
    say = progress or (lambda stage: None)
    facts = read_image(image)
    input_bytes = quick_fit(facts, len(image), board)
    if not board.runs_here:
        raise BoardError(
            f"{board.name} cannot be flashed yet.",
            "Choose an emulated board of 'edgeinfer boards'.",
        )
    say("build")
    firmware = build.build(
        image,
        board,
        kernels=facts.kernels,
        arena_bytes=facts.arena_bytes,
        input_bytes=input_bytes,
        project_name=project_name,
    )
    _check_fit(firmware, board)
    say("upload")
    running = emulator.start(board, firmware.elf)
    say("self-test")
    try:
        _prove(facts, board, running.port)
    except BaseException:
        emulator.stop(board.name)
        raise
    return FlashResult(
        board=board.name,
        port=running.port,
        image_bytes=len(image),
        code_bytes=firmware.code_bytes,
        static_ram_bytes=firmware.static_ram_bytes,
        arena_bytes=firmware.arena_bytes,
        stack_bytes=firmware.stack_bytes,
        serial_bytes=firmware.serial_bytes,
    )


def _prove(facts: Image, board: Board, port: str) -> None:
    """That the board runs this image and passes its self-test."""
    try:
        with Device(port, baud=board.baud) as device:
            if device.info().image_crc != facts.crc:
                raise DeviceError("The board runs another model.", "Flash it again.")
            device.selftest()
    except DeviceError as error:
        # A process that ends closes its line a little before it is gone.
        deadline = time.monotonic() + 1.0
        while emulator.find(board.name) is not None:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        words = emulator.last_words(board.name)
        raise BoardError(
            f"The emulator of {board.name} ended{': ' + words if words else ''}.",
            "'edgeinfer doctor' says what is missing.",
        ) from error


def arena_room(board: Board) -> int:
    """Bytes that a board has left for the arena, known without building; below 0 if it has none."""
    return board.ram_bytes - board.stack_bytes - build.COMMAND_BUFFER - build.STATIC_RESERVE


def goal_for(board: Board | None) -> Goal:
    """The fastest memory plan that fits a board, without one the smallest."""
    return Goal(limit=max(arena_room(board), 1)) if board else SMALLEST


def spare(facts: Image, image_bytes: int, board: Board) -> tuple[int, int]:
    """Bytes of flash and of RAM that a model leaves, below 0 what it lacks; known without building,
    and before the code, which needs some 10 to 30 KB of flash."""
    return board.flash_bytes - image_bytes, arena_room(board) - facts.arena_bytes


def quick_fit(facts: Image, image_bytes: int, board: Board) -> int:
    """Whether image and arena leave room for the rest, known without building.

    Returns the bytes that the input gets for itself: all of it, or 0 when it must share the arena.
    Raises FitError when the model cannot fit."""
    flash_left, free = spare(facts, image_bytes, board)
    if flash_left < 0:
        raise build.does_not_fit(board, "flash", -flash_left)
    if free < 0:
        raise build.does_not_fit(board, "RAM", -free)
    wanted = sum(io.bytes for io in facts.inputs)
    return wanted if wanted <= free else 0


def _check_fit(firmware: build.Firmware, board: Board) -> None:
    flash_over = firmware.code_bytes + firmware.image_bytes - board.flash_bytes
    ram = firmware.static_ram_bytes + firmware.arena_bytes
    ram_over = ram + firmware.stack_bytes + firmware.serial_bytes - board.ram_bytes
    if flash_over > 0:
        raise build.does_not_fit(board, "flash", flash_over)
    if ram_over > 0:
        raise build.does_not_fit(board, "RAM", ram_over)
