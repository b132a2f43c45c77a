# SPDX-License-Identifier: Apache-2.0
"""The Arduino library: with Debian's Arduino core it runs on an Uno, in simavr."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.export import export
from tests.conftest import need
from tests.export.arduino import CORE, build_sketch, static_ram
from tests.export.conftest import example_output, said

UNO_RAM = 2048


def run_uno(elf: Path) -> str:
    """What the program says on its serial line, up to the line that begins with "output"."""
    command = ["simavr", "-m", "atmega328p", "-f", "16000000", str(elf)]
    text = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            for raw in process.stdout:
                line = raw.decode(errors="replace")
                line = line.replace("\x1b[32m", "").replace("\x1b[0m", "")
                text += line.rstrip().removesuffix("..") + "\n"  # simavr's carriage return
                if "output" in line:
                    break
        finally:
            process.kill()
    return text


def check(image: bytes, folder: Path) -> None:
    need("avr-gcc", "simavr")
    assert CORE.is_dir(), "Debian's arduino-core-avr missing: run .ci/setup"
    made = export(image, folder / "library", "arduino", model="m.tflite")
    sketch = folder / "library" / "examples" / made.name / f"{made.name}.ino"
    elf = build_sketch(sketch, [folder / "library" / "src"], folder / "build")
    assert static_ram(elf) < UNO_RAM - 256
    text = run_uno(elf)
    words = said(text)
    assert words["self-test"] == ["0"], text
    assert [int(word) for word in words["output"]] == example_output(image), text


def test_a_small_model_runs_on_an_uno(one: bytes, tmp_path: Path) -> None:
    check(one, tmp_path)


def test_hello_world_runs_on_an_uno(shared: Path, tmp_path: Path) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / "hello_world_int8.tflite")
    check(compile_graph(graph, strip=True).image, tmp_path)


def test_properties_are_as_the_ide_reads_them(one: bytes, tmp_path: Path) -> None:
    export(one, tmp_path / "x", "arduino", model="m.tflite")
    lines = (tmp_path / "x" / "library.properties").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    needed = "name version author maintainer sentence paragraph category url architectures"
    assert set(needed.split()) <= set(found)
    assert found["includes"] == "tiny.h"
