# SPDX-License-Identifier: Apache-2.0
"""The estimate of cycles: kinds of instructions are the disassembler's, what is timed adds up."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from edgeinfer.bench import bench
from edgeinfer.boards import cycles, emulator
from edgeinfer.boards.board import load_board
from edgeinfer.image import read_image
from edgeinfer.wire.device import Device
from tests.board.conftest import Desk
from tests.conftest import ROOT, need

pytestmark = pytest.mark.xdist_group("boards")  # one worker builds them, once

KINDS = [  # in the order of thumb.h
    "alu",
    "multiply",
    "multiply_add",
    "long_multiply",
    "long_multiply_add",
    "divide",
    "load",
    "store",
    "indexed_store",
    "multiple",
    "float_multiply_add",
    "float_divide",
    "branch",
    "call",
]
SORTER = r"""
#include <stdio.h>
#include "thumb.h"
int main(void) {
  unsigned a, b;
  int n;
  char line[32];
  while (fgets(line, sizeof line, stdin) && (n = sscanf(line, "%x %x", &a, &b)) > 0) {
    const struct thumb is = n == 2 ? thumb_32(a, b) : thumb_16(a);
    printf("%d %u %d\n", is.kind, is.n, is.returns);
  }
  return 0;
}
"""
MNEMONICS = {
    "multiply": r"muls?|smul[bt]{2}|smulw[bt]|smmulr?|smuadx?|smusdx?|usad8",
    "multiply_add": r"mla|mls|smla[bt]{2}|smlaw[bt]|smladx?|smlsdx?|smmlar?|smmlsr?|usada8",
    "long_multiply": r"[su]mull",
    "long_multiply_add": r"[su]mlal|smlal[bt]{2}|sml[as]ldx?|umaal",
    "divide": r"[su]div",
    "multiple": r"ldm\w*|stm\w*|push|pop|ldrd|strd|vpush|vpop|vldm\w*|vstm\w*",
    "float_multiply_add": r"vf?n?m[as]\w?[as]?\.f32|vfn?m[as]\.f32|vn?ml[as]\.f32",
    "float_divide": r"(vdiv|vsqrt)\.f32",
    "call": r"bl",
    "branch": r"b|bx|blx|cbn?z|tb[bh]",
}


def _kind(mnemonic: str, operands: str) -> str:
    """The kind by the disassembler's words."""
    name = mnemonic.split(".")[0] if ".f32" not in mnemonic else mnemonic
    bare = re.sub(r"(?<=.)(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$", "", name)
    if re.match(r"v?ldr", bare) and bare != "ldrd":
        return "branch" if operands.startswith("pc,") else "load"
    if re.match(r"v?str", bare) and bare != "strd":
        indexed = re.search(r"\[\w+, [a-z]", operands)
        return "indexed_store" if indexed else "store"
    if re.match(r"(mov|add)", bare) and operands.startswith("pc,"):
        return "branch"
    for kind, pattern in MNEMONICS.items():
        if re.fullmatch(pattern, name) or re.fullmatch(pattern, bare):
            return kind
    return "alu"


@pytest.mark.parametrize("flags", [("-mcpu=cortex-m0",), ("-mcpu=cortex-m4", "-mfloat-abi=hard")])
def test_instructions_are_of_the_disassemblers_kind(flags: tuple[str, ...], tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "gcc")
    (tmp_path / "sorter.c").write_text(SORTER)
    sorter = tmp_path / "sorter"
    include = f"-I{ROOT / 'firmware' / 'emulator'}"
    subprocess.run(["gcc", include, str(tmp_path / "sorter.c"), "-o", str(sorter)], check=True)
    kernels = [str(file) for file in sorted((ROOT / "csrc" / "kernels").glob("*.c"))]
    gcc = ["arm-none-eabi-gcc", *flags, "-mthumb", "-O2", "-c", f"-I{ROOT / 'csrc'}"]
    subprocess.run([*gcc, "--specs=nano.specs", *kernels], cwd=tmp_path, check=True)
    shown = subprocess.run(
        ["arm-none-eabi-objdump", "-d", *sorted(file.name for file in tmp_path.glob("*.o"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.findall(
        r"^\s+[0-9a-f]+:\t([0-9a-f]{4})(?: ([0-9a-f]{4}))? +\t(\S+)(?:\t(.*))?$",
        shown,
        re.MULTILINE,
    )
    code = [line for line in found if not line[2].startswith(".")]
    assert len(code) > 5_000
    said = subprocess.run(
        [str(sorter)],
        input="".join(f"{high} {low}\n" for high, low, *_ in code),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wrong = set()
    for (high, low, mnemonic, operands), line in zip(code, said.splitlines(), strict=True):
        kind, n, returns = (int(word) for word in line.split())
        expected = _kind(mnemonic, operands)
        if KINDS[kind] != expected:
            wrong.add((high, low, mnemonic, operands, KINDS[kind], expected))
        if expected == "multiple" and "{" in operands and "-" not in operands:
            words = operands[operands.index("{") :].count(",") + 1
            words *= 2 if "{d" in operands else 1
            assert (n, bool(returns)) == (words, "pc" in operands), (mnemonic, operands)
    assert not wrong


@pytest.mark.parametrize("name", ["microbit", "netduinoplus2"])
def test_estimates_cover_what_is_timed(name: str, desk: Desk, image: bytes) -> None:
    board = load_board(name)
    with Device(desk.port(name)) as device:
        first = bench(device, board, read_image(image), runs=2, layers=True)
        again = bench(device, board, read_image(image), runs=1, layers=True)
    assert first["estimated_cycles"] == again["estimated_cycles"]
    assert tuple(first["estimated_cycles"]) == cycles.cores_of(board)
    for core, spent in first["estimated_cycles"].items():
        assert first["per_inference"] < spent < 3 * first["per_inference"]
        layers = sum(row["estimated_cycles"][core] for row in first["layers"])
        assert 0.9 * spent < layers <= spent


def test_a_core_without_known_costs_has_no_estimate(desk: Desk, image: bytes) -> None:
    board = load_board("hifive1")
    with Device(desk.port("hifive1")) as device:
        assert "estimated_cycles" not in bench(device, board, read_image(image), runs=1)
        assert emulator.marks(board, device.port) is None
