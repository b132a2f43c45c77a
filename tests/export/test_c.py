# SPDX-License-Identifier: Apache-2.0
"""The plain C library: built by its Makefile it gives the host's bytes, and gets along."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgeinfer.export import export
from edgeinfer.firmware.library import NAMES, external_names, sources
from edgeinfer.image import read_image
from edgeinfer.native import kernel_names
from tests.conftest import ROOT
from tests.export.conftest import example_output, said

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wstrict-prototypes", "-Werror"]


def output(*command: object) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("model", ["one", "two", "stateful", "small"])
def test_the_example_gives_the_hosts_bytes(
    model: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    image: bytes = request.getfixturevalue(model)
    export(image, tmp_path / "x", "c", model="m.tflite")
    output("make", "-s", "-C", tmp_path / "x", "CFLAGS=-O1 -Wall -Wextra -Werror")
    words = said(output(tmp_path / "x" / "example"))
    assert words["self-test"] == words["result"] == ["0"]
    assert [int(word) for word in words["output"]] == example_output(image)


def test_an_export_for_size_says_so_to_its_compiler(small: bytes, tmp_path: Path) -> None:
    export(small, tmp_path / "x", "c", model="m.tflite")
    assert "CFLAGS ?= -Os" in (tmp_path / "x" / "Makefile").read_text()
    assert "#define EI_SMALL" in (tmp_path / "x" / "src" / "tiny" / "isa" / "isa.h").read_text()


def test_a_changed_image_is_refused(one: bytes, tmp_path: Path) -> None:
    export(one, tmp_path / "x", "c", model="m.tflite")
    source = tmp_path / "x" / "src" / "tiny.c"
    head, brace, data = source.read_text().rpartition("= {\n    ")
    first, _, rest = data.partition(",")
    source.write_text(f"{head}{brace}{(int(first) + 1) % 256},{rest}")
    output("make", "-s", "-C", tmp_path / "x")
    assert int(said(output(tmp_path / "x" / "example"))["result"][0]) < 0


def test_several_exports_live_in_one_program(one: bytes, two: bytes, tmp_path: Path) -> None:
    main, includes, sources = "", "", []
    for name, image in (("first", one), ("second", two), ("third", one)):
        export(image, tmp_path / name, "c", model="m.tflite", name=name)
        main += f"  if ({name}_selftest() != 0) return 1;\n"
        includes += f"#include <{name}.h>\n"
        sources += sorted((tmp_path / name / "src").rglob("*.c"))
    main = f"{includes}int main(void) {{\n{main}  return 0;\n}}\n"
    (tmp_path / "main.c").write_text(main)
    (tmp_path / "main.cpp").write_text(main)
    paths = [f"-I{tmp_path / name / 'src'}" for name in ("first", "second", "third")]
    for source in (*sources, tmp_path / "main.c"):
        name = str(source.relative_to(tmp_path)).replace("/", "_") + ".o"
        output("gcc", *STRICT, *paths, "-c", source, "-o", tmp_path / name)
    objects = sorted(tmp_path.glob("*.o"))
    output("gcc", *objects, "-o", tmp_path / "program")
    output(tmp_path / "program")
    output("g++", "-Wall", "-Werror", *paths, "-fsyntax-only", tmp_path / "main.cpp")


def test_every_function_of_csrc_takes_the_prefix(tmp_path: Path) -> None:
    for name, text in sources(kernel_names(), "mine").items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert (tmp_path / NAMES).is_file()
    for source in sorted(tmp_path.rglob("*.c")):
        output("gcc", "-std=c99", "-c", source, "-o", tmp_path / "x.o")
        symbols = output("nm", "--defined-only", "-g", tmp_path / "x.o").split()[2::3]
        assert symbols
        assert all(symbol.startswith("mine_ei_") for symbol in symbols), symbols
    assert len(external_names()) > 3 * len(kernel_names())


def test_the_header_says_what_there_is(one: bytes, two: bytes, tmp_path: Path) -> None:
    export(one, tmp_path / "a", "c", model="m.tflite")
    export(two, tmp_path / "b", "c", model="m.tflite")
    facts = read_image(two)
    (tmp_path / "main.c").write_text(
        '#include "tiny.h"\n#include "two.h"\n'
        "int a[TINY_INPUT_BYTES == 8 && TINY_OUTPUT_ELEMENTS == 5 && TINY_INPUT_ZERO_POINT == 3"
        " && TINY_OUTPUT_ZERO_POINT == -128 && TINY_INPUT_SCALE == 0.02f ? 1 : -1];\n"
        f"int b[TWO_INPUT_BYTES == 600 && TWO_INPUT1_OFFSET == 300 && TWO_INPUT1_ZERO_POINT == -5"
        f" && TWO_OUTPUT1_ELEMENTS == {facts.outputs[1].bytes} ? 1 : -1];\n"
    )
    paths = [f"-I{tmp_path / x / 'src'}" for x in "ab"]
    output("gcc", "-std=c99", *paths, "-fsyntax-only", tmp_path / "main.c")


def test_no_export_takes_more_than_the_library(one: bytes, tmp_path: Path) -> None:
    made = export(one, tmp_path / "x", "c", model="m.tflite")
    own = f"src/{made.name}/"
    for file in made.files:
        if file.startswith(own) and not file.endswith((NAMES, "kernel_list.inc")):
            assert (ROOT / "csrc" / file.removeprefix(own)).is_file()
