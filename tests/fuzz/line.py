# SPDX-License-Identifier: Apache-2.0
"""The whole firmware on this PC, with sanitizers, at a line on which anything may come."""

from __future__ import annotations

from pathlib import Path

from tests.board import firmware
from tests.board.conftest import two_inputs_like
from tests.conftest import ROOT

SOURCES = ("main.c", "serial.c", "state.c", "verbs.c", "benchmark.c", "convert.c", "cbor.c")
SMP = ("smp.c", "smp_frame.c", "smp_os.c", "smp_image.c", "smp_model.c", "slots.c", "store_ram.c")
SMP += ("armour.c",)


def build(folder: Path) -> list[str]:
    """The fuzzer, which takes a seed and a count, and its last argument: a model to upload."""
    own = (ROOT / "tests" / "board" / "fuzz_line.c",)
    program = firmware.build(
        folder, two_inputs_like(7), own, SOURCES + SMP, ("-Wl,--wrap=ei_invoke",), smp_bytes=512
    )
    other = folder / "other.image"
    other.write_bytes(two_inputs_like(8))
    return [str(program), str(other)]
