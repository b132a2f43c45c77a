# SPDX-License-Identifier: Apache-2.0
"""edgeinfer export at the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Cli, Done

Refused = Callable[..., Done]


def test_it_says_what_it_wrote(cli: Cli, models: Path, folder: Path) -> None:
    model = models / "int8.tflite"
    done = cli("export", model, "--as", "c", "-o", "out", "--json")
    assert done.status == 0
    assert done.json["name"] == "int8"
    assert (folder / "out" / "src" / "int8.h").is_file()
    assert all((folder / "out" / file).is_file() for file in done.json["files"])
    text = cli("export", model, "--as", "arduino", "-o", "out", "--name", "mine")
    assert text.status == 0
    assert "mine_invoke(input, output)" in text.out
    assert not (folder / "out" / "src" / "int8.h").exists()


def test_what_cannot_be_exported_is_refused(refused: Refused, models: Path, folder: Path) -> None:
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").write_text("mine")
    model, base = models / "int8.tflite", ("export", models / "int8.tflite", "--as", "c", "-o")
    refused(*base, "full", says="full is not empty", remedy="new folder")
    refused(*base, "x", "--name", "a-b", says="'a-b' cannot name", remedy="a_b")
    refused(*base, "none/x", says="no folder none", remedy="Make it first")
    refused("export", model, "-o", "x", says="--as")
    refused("export", models / "unique.tflite", "--as", "c", "-o", "x", says="UNIQUE")
