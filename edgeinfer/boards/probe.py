# SPDX-License-Identifier: Apache-2.0
"""A firmware into the memory of a running emulated board, as a debug probe does it: halt, write,
read back, reset, run."""

import struct
from pathlib import Path

from edgeinfer.boards.board import Board
from edgeinfer.boards.debugger import Debugger
from edgeinfer.errors import BoardError, DeviceError

_LOAD = 1  # a segment of an ELF file that belongs into memory
# RISC-V: `sw a1, 0(a0)`, and the numbers of a0, a1 and the program counter.
_STORE_WORD, _A0, _A1, _PC = 0x00B52023, 10, 11, 32
# Of two flash chips with Intel's commands side by side: erase, confirm, and read again.
_ERASE = (0x0020_0020, 0x00D0_00D0, 0x00FF_00FF)


def put(board: Board, elf: Path, port: Path, *, erase: bool) -> None:
    """Have the board at this debug port run a firmware; `erase`: what its store of models holds
    goes.

    Raises BoardError for a file that is no firmware, DeviceError when the board does not take
    it."""
    parts = segments(elf)
    with Debugger(port, board.name) as debugger:
        if erase and board.store and board.store_in_flash:
            debugger.write(board.store.origin, b"\xff" * board.store.size)
        elif erase and board.store and board.store.kind == "cfi":
            _erase_slots(debugger, board)
        for address, data in parts:
            debugger.write(address, data)
            if debugger.read(address, len(data)) != data:
                raise DeviceError(
                    f"The memory of {board.name} at 0x{address:08X} does not keep what is written.",
                    f"Compare the addresses in boards/{board.name}.toml with the machine's.",
                )
        debugger.reset()


def segments(elf: Path) -> list[tuple[int, bytes]]:
    """What a firmware consists of: addresses and bytes, none of them in RAM before it starts.

    Raises BoardError when the file cannot be read as an ELF of 32 bits."""
    try:
        data = elf.read_bytes()
        if data[:6] != b"\x7fELF\x01\x01":
            raise ValueError
        at, size, count = struct.unpack_from("<I10xHH", data, 28)
        found = []
        for i in range(count):
            kind, offset, _, address, stored = struct.unpack_from("<5I", data, at + i * size)
            if kind == _LOAD and stored:
                found.append((address, data[offset : offset + stored]))
    except (OSError, ValueError, struct.error) as error:
        raise BoardError(f"{elf} is no firmware.", "Flash the board anew.") from error
    return found


def _erase_slots(debugger: Debugger, board: Board) -> None:
    """Erase the headers of slots in NOR flash. Only its own commands do, which the processor must
    give, and it gives them one instruction at a time; its RAM is about to be set up anew."""
    assert board.store is not None
    debugger.reset()  # from a sleep that steps do not end
    debugger.write(board.ram_origin, _STORE_WORD.to_bytes(4, "little"))
    for slot in range(board.store.slots):
        place = board.store.origin + slot * (board.store.size // board.store.slots)
        for word in _ERASE:
            debugger.set_registers({_A0: place, _A1: word, _PC: board.ram_origin})
            debugger.step()
