# SPDX-License-Identifier: Apache-2.0
"""Image → running board: fit check, build, upload, self-test."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edgeinfer.boards import emulator
from edgeinfer.boards.board import RAM_STORE, Board, Store, real_board
from edgeinfer.boards.remote import Remote
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.errors import BoardError, DeviceError, FitError
from edgeinfer.firmware import build, tiny, upload
from edgeinfer.firmware.models import Models
from edgeinfer.firmware.project import Parts, flash_bytes, whole_files
from edgeinfer.plan import SMALLEST, Goal
from edgeinfer.wire import ports
from edgeinfer.wire.device import Device

_LEAVING_SECONDS = 3.0  # in which a monitor sees that it is to leave
_ARENA_ALIGN = 16  # bytes
_SLOTS_OWN = 256  # bytes of RAM for what SMP and slots remember
_SMP_TEXTS = 1024  # bytes of SMP's texts, where they lie in RAM
_RAM_BLOCK = 1024  # bytes
NEW_PORT_SECONDS = 5.0  # until nobody else looks at a port that has just come
_LARGEST_ARENA = 64 << 20  # bytes; a PC's memory is for others too


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
    image_ram_bytes: int  # of a board that has its constants in RAM, else 0
    ssh: str = ""  # the machine that the board is, if it is reached by ssh
    slots: int = 0  # for models that are uploaded
    slot_bytes: int = 0  # of such a model at most
    slow_bytes: int = 0  # of arena and serial buffers: those in a second, slower RAM


def flash(
    images: bytes | Sequence[bytes],
    board: Board,
    *,
    project_name: str = "",
    port: str = "",
    ssh: str = "",
    smp: bool = True,
    all_kernels: bool = False,
    progress: Callable[[str], None] | None = None,
    uploaded: Callable[[int, int], None] | None = None,
) -> FlashResult:
    """Put an image, or several, on a board and have it prove that it computes the right bytes.

    `port` is that of a real board, found by itself if there is but one; `ssh` names the machine
    that a Linux board really is, and is remembered until it is stopped. `smp`: the firmware speaks
    SMP too, and takes models that are uploaded, where there is room for it; `all_kernels`: those
    of any operators, in all the memory that is left. `progress` is told of each stage, `uploaded`
    of the bytes that a real board has, and of all.
    Raises FitError, BoardError, DeviceError or MismatchError."""
    say = progress or (lambda stage: None)
    models = Models(images)
    parts = _parts(models, board, smp, all_kernels)
    ssh = _remote(board, ssh)
    if ssh:
        board = replace(board, emulator=())
        parts = replace(parts, board=board)
        if port:
            raise BoardError(f"{board.name} is reached by ssh, not by a port.", "Leave out --port.")
        say("connect")
        Remote(ssh).require(TOOLCHAINS[board.toolchain].machines, board.name)
    elif port and board.runs_here:
        raise BoardError(f"{board.name} runs on this PC and has no port yet.", "Leave out --port.")
    say("build")
    parts, firmware = _build(parts, project_name)
    say("upload")
    if ssh:
        Remote(ssh).copy(firmware.elf, board.name)
    if ssh or board.runs_here:
        port = _emulate(models, board, firmware, say, ssh)
    else:
        total = firmware.code_bytes + len(models.image)
        watch = (lambda share: uploaded(round(share * total), total)) if uploaded else None
        folder = build.project_folder(project_name or board.folder)
        port = upload.upload(board, folder, port, watch)
        say("self-test")
        _prove(models, board, port)
    return FlashResult(
        board=board.name,
        port=port,
        image_bytes=len(models.image),
        code_bytes=firmware.code_bytes,
        static_ram_bytes=firmware.static_ram_bytes,
        arena_bytes=firmware.arena_bytes,
        stack_bytes=firmware.stack_bytes,
        serial_bytes=firmware.serial_bytes,
        image_ram_bytes=firmware.image_ram_bytes,
        ssh=ssh,
        slots=parts.store.slots if parts.store else 0,
        slot_bytes=parts.store.slot_bytes if parts.store else 0,
        slow_bytes=firmware.slow_bytes,
    )


def _remote(board: Board, ssh: str) -> str:
    """The machine to reach by ssh: that of `ssh`, or where the board is already; mostly none."""
    running = emulator.find(board.name)
    if ssh and not board.hosted:
        raise BoardError(
            f"{board.name} is no Linux machine that ssh could reach.",
            "Leave out --ssh, or name another board with --board.",
        )
    return ssh or (running.ssh if running else "")


def project(
    images: bytes | Sequence[bytes],
    board: Board,
    *,
    smp: bool = True,
    all_kernels: bool = False,
) -> dict[str, str]:
    """The firmware's PlatformIO project for a real board, built nowhere yet: texts by file name.

    Of a board that is emulated and real it is the real one's. Raises FitError, or BoardError for a
    board whose project needs what only edgeinfer has."""
    board = real_board(board)
    if board.local:
        raise BoardError(
            f"{board.name} is built by edgeinfer's own platform, for which a project is of no use.",
            "Leave out --project, or export a library: edgeinfer export MODEL --as platformio.",
        )
    parts = _parts(Models(images), board, smp, all_kernels)
    return {name: data.decode() for name, data in whole_files(parts).items()}


def _prove(models: Models, board: Board, port: str) -> None:
    """That the board runs these images and passes their self-tests; the first stays chosen."""
    with Device(port, baud=board.baud, patience=NEW_PORT_SECONDS) as device:
        if device.info().board != board.name:
            raise DeviceError(
                f"The board at {port} says that it is a {device.info().board}, not a {board.name}.",
                "Name the right port with --port, or the right board with --board.",
            )
        for number, facts in reversed(list(enumerate(models.facts))):
            if len(models) > 1:
                device.choose(number)
            if device.info().image_crc != facts.crc:
                raise DeviceError("The board runs another model.", "Flash it again.")
            device.selftest()


def _free(running: emulator.Emulator) -> None:
    """Have a monitor leave the line of a board. Raises DeviceError when somebody stays there."""
    if not ports.holder(running.port):
        return
    deadline = time.monotonic() + _LEAVING_SECONDS
    with emulator.announced(running):
        while by := ports.holder(running.port):
            if time.monotonic() > deadline:
                raise ports.in_use(running.port, by)
            time.sleep(0.05)


def _emulate(
    models: Models, board: Board, firmware: build.Firmware, say: Callable[[str], None], ssh: str
) -> str:
    """The port of the emulated board, or of that at the other end of ssh; it has proved itself."""
    before = emulator.find(board.name)
    if before is not None and before.debug:
        _free(before)
    running = emulator.put(board, firmware.elf, ssh)
    say("self-test")
    try:
        _prove_emulated(models, board, running.port, ssh)
    except BaseException:
        if before is None or before.pid != running.pid:  # what was plugged in before stays so
            emulator.stop(board.name)
        raise
    return running.port


def _prove_emulated(models: Models, board: Board, port: str, ssh: str) -> None:
    try:
        _prove(models, board, port)
    except DeviceError as error:
        # A process that ends closes its line a little before it is gone.
        deadline = time.monotonic() + 1.0
        while emulator.find(board.name) is not None:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        words = emulator.last_words(board.name)
        what = f"The firmware at {ssh}" if ssh else f"The emulator of {board.name}"
        raise BoardError(
            f"{what} ended{': ' + words if words else ''}.",
            f"Try it by hand: ssh {ssh}" if ssh else "'edgeinfer doctor' says what is missing.",
        ) from error


def arena_room(board: Board) -> int:
    """Bytes that a board has left for the arena, known without building; below 0 if it has none."""
    line = build.COMMAND_BUFFER + (build.RING_BUFFER if TOOLCHAINS[board.toolchain].bare else 0)
    return board.ram_bytes - board.stack_bytes - line - board.own_bytes


def goal_for(board: Board | None, taken: int = 0) -> Goal:
    """The fastest memory plan that fits a board, without one the smallest; `taken` bytes of RAM
    serve something else."""
    if board is None or board.constants_in_ram:  # each byte of the image is one less
        return SMALLEST
    room = max(arena_room(board) - taken, 1)
    return Goal(limit=room, memories=(room, board.slow_ram_bytes) if board.slow_ram_bytes else None)


def spare(models: Models, board: Board) -> tuple[int, int]:
    """Bytes of flash and of RAM that models leave, below 0 what they lack; known without building,
    and before the code, which needs some 10 to 30 KB of flash."""
    image = len(models.image)
    slow = slow_room(models, board)
    ram = arena_room(board) - models.fast_bytes - (image if board.constants_in_ram else 0)
    return board.flash_bytes - image, min(ram, slow) if slow < 0 else ram


def slow_room(models: Models, board: Board) -> int:
    """Bytes of the slower RAM that models leave, below 0 what they lack."""
    return board.slow_ram_bytes - models.slow_bytes


def quick_fit(models: Models, board: Board) -> int:
    """Whether images and arena leave room for the rest, known without building.

    Returns the bytes that the input gets for itself, those of its reals included: all of them, or 0
    when it must share the arena. They are slower RAM where there is that and no other.
    Raises FitError when the model cannot fit."""
    if board.core == "avr" and any("detection" in facts.kernels for facts in models.facts):
        raise FitError(
            f"The model does not fit {board.name}: TFLite_Detection_PostProcess needs numbers of "
            "64 bits, which its compiler does not have.",
            "Take another board; 'edgeinfer inspect MODEL' lists those it fits.",
        )
    flash_left, free = spare(models, board)
    if flash_left < 0:
        raise build.does_not_fit(board, "flash", -flash_left)
    if free < 0:
        raise build.does_not_fit(board, "RAM", -free)
    window = max(map(tiny.window_bytes, models.facts))
    wanted = models.input_bytes + window
    most = max(free, slow_room(models, board))
    if wanted > most and window:
        raise build.does_not_fit(board, "RAM", wanted - most)
    return wanted if wanted <= most else 0


def smp_room(parts: Parts) -> int:
    """Bytes for a packet of SMP; 0 where the models and their input leave too few."""
    texts = _SMP_TEXTS if parts.board.constants_in_ram else 0
    return parts.board.smp_bytes if parts.board.smp_bytes + texts <= _left(parts) else 0


def _left(parts: Parts) -> int:
    """Bytes of the faster RAM that the models and their input leave."""
    return spare(parts.models, parts.board)[1] - (0 if parts.input_slow else parts.input_bytes)


def misfit(models: Models, board: Board) -> str:
    """Why models do not fit a board, known without building; empty if they do."""
    try:
        quick_fit(models, board)
    except FitError as error:
        return error.what
    return ""


def _parts(models: Models, board: Board, smp: bool, all_kernels: bool) -> Parts:
    """What goes into the firmware, and how it shares out the memory. Raises FitError."""
    parts = Parts(models, board, quick_fit(models, board))
    parts = replace(parts, input_slow=parts.input_bytes > spare(models, board)[1])
    parts = replace(parts, smp_bytes=smp_room(parts) if smp else 0)
    if parts.smp_bytes == 0 or len(models) > 1:
        if all_kernels:
            raise FitError(
                f"There is no room on {board.name} for models that are uploaded.",
                "Leave out --all-kernels and --no-smp, flash one model, or take a larger board.",
            )
        return parts
    left = _left(parts) - parts.smp_bytes - _SLOTS_OWN
    left -= _SMP_TEXTS if board.constants_in_ram else 0
    store = board.store
    if store is None and board.usb.resets:  # it would be lost whenever somebody opens the port
        pass
    elif store is None:
        # A framework may need more RAM than is known, and takes what is left for its heap.
        shares = (2 if all_kernels else 1) * (2 if board.arduino else 1)
        size = left // shares // _RAM_BLOCK * _RAM_BLOCK
        store = Store(RAM_STORE, 0, size, _RAM_BLOCK)
        left -= size
        if store.slot_bytes < len(models.image):  # not even this model could be loaded
            store = None
    if all_kernels:
        more = max(0, min(left, _LARGEST_ARENA)) // _ARENA_ALIGN * _ARENA_ALIGN
        parts = replace(parts, all_kernels=True, more_arena=more)
    return replace(parts, store=store)


def _build(parts: Parts, project_name: str) -> tuple[Parts, build.Firmware]:
    """The firmware, without slots if its memory is too small for both. Raises FitError."""
    in_flash = parts.store == parts.board.store and parts.board.store_in_flash
    if parts.store and (in_flash or parts.board.arduino):
        try:
            firmware = build.build(parts, project_name)
            _check_fit(firmware, parts)
            return parts, firmware
        except FitError:
            if parts.all_kernels:
                raise
            parts = replace(parts, store=None)
    firmware = build.build(parts, project_name)
    _check_fit(firmware, parts)
    return parts, firmware


def _check_fit(firmware: build.Firmware, parts: Parts) -> None:
    board = parts.board
    flash_over = firmware.code_bytes + firmware.image_bytes - flash_bytes(parts)
    ram = firmware.static_ram_bytes + firmware.arena_bytes
    ram += firmware.stack_bytes + firmware.serial_bytes + firmware.image_ram_bytes
    slow = firmware.slow_bytes
    ram_over = max(ram - slow - board.ram_bytes, slow - board.slow_ram_bytes)
    if flash_over > 0:
        raise build.does_not_fit(board, "flash", flash_over)
    if ram_over > 0:
        raise build.does_not_fit(board, "RAM", ram_over)
