# SPDX-License-Identifier: Apache-2.0
"""What bench writes beside its table: CSV, a page, and comparisons of two of its results."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgeinfer.boards import emulator
from edgeinfer.cli.compare import compared, show
from edgeinfer.cli.ui import Ui
from tests.cli.conftest import Cli, Done
from tests.report.test_accuracy import Page

pytestmark = pytest.mark.xdist_group("commands")
BOARD = "netduinoplus2"
BENCH: dict[str, Any] = {
    "board": BOARD,
    "model": "m",
    "unit": "instructions",
    "per_inference": 1000,
    "arena_bytes": 500,
    "stack_bytes": 300,
    "static_ram_bytes": 100,
    "image_bytes": 4000,
    "code_bytes": 6000,
    "layers": [
        {"name": "a", "op": "CONV_2D", "ticks": 600},
        {"name": "b", "op": "CONV_2D", "ticks": 300},
        {"name": "b", "op": "CONV_2D", "ticks": 80},
    ],
}


def _files(*changes: dict[str, Any]) -> list[str]:
    names = []
    for i, change in enumerate(changes):
        names.append(f"{i}.json")
        Path(names[-1]).write_text(json.dumps(BENCH | change))
    return names


def test_csv_and_page(cli: Cli, models: Path) -> None:
    words = ("bench", models / "int8.tflite", "--board", BOARD, "--runs", 1)
    done = cli(*words, "--csv", "l.csv", "--html", "l.html", "--json")
    data = done.json
    assert (data["csv"], data["html"]) == ("l.csv", "l.html")
    lines = Path("l.csv").read_text().splitlines()
    assert lines[0] == '"Event","Tag","Ticks"'
    assert [tuple(row) for row in csv.reader(lines[1:])] == [
        (str(i), layer["op"], str(layer["ticks"])) for i, layer in enumerate(data["layers"])
    ]
    source = Path("l.html").read_text(encoding="utf-8")
    page = Page(source)
    assert set(re.findall(r"[a-z]+://[^\s\"'<]+", source)) == {"http://www.w3.org/2000/svg"}
    assert {f"layer {i}" for i in range(len(data["layers"]))} <= page.keys
    for layer in data["layers"]:
        assert f"{layer['ticks']:,}" in page.text
        assert f"{100 * layer['share']:.1f} %" in page.text
    for name in ("arena_bytes", "stack_bytes", "static_ram_bytes", "image_bytes", "code_bytes"):
        assert f"{data[name]:,} B" in page.text
    assert sum(layer["share"] for layer in data["layers"]) == pytest.approx(1)
    first = data["layers"][0]
    assert first["macs_per_tick"] == pytest.approx(first["macs"] / first["ticks"])
    text = cli("bench", "--board", BOARD, "--csv")  # layers without names, and nothing else
    assert text.out.splitlines()[1] == f"0,layer 0,{first['ticks']}"
    assert len(text.out.splitlines()) == len(lines)
    emulator.stop(BOARD)


def test_equal_benchmarks(cli: Cli) -> None:
    done = cli("bench", "--compare", *_files({}, {}))
    assert done.status == 0
    assert "Nothing is worse by more than 5 %." in done.out
    assert "\x1b" not in done.out
    data = cli("bench", "--compare", "0.json", "1.json", "--json").json
    assert all(row["change"] == 0 for row in data["totals"] + data["layers"])


@pytest.mark.parametrize(
    ("change", "worse"),
    [
        ({"per_inference": 1051}, ["instructions per inference"]),
        ({"per_inference": 1050}, []),
        ({"per_inference": 700, "arena_bytes": 600}, ["RAM, bytes"]),
        ({"arena_bytes": 540}, []),  # 8 % of the arena, and less than 5 % of the RAM
        ({"code_bytes": 6600}, ["flash, bytes"]),
    ],
)
def test_what_is_worse(cli: Cli, change: dict[str, Any], worse: list[str]) -> None:
    files = _files({}, change)
    data = cli("bench", "--compare", *files, "--json")
    assert (data.status, data.json["regressions"]) == (int(bool(worse)), worse)
    assert cli("bench", "--compare", *files, "--threshold", 30).status == 0
    assert cli("bench", "--compare", *files, "--threshold", 0).status == 1
    assert cli("bench", "--compare", *files, "--threshold", 0, "--json").json["threshold"] == 0


def test_layers_are_compared_by_name(cli: Cli) -> None:
    layers = [
        {"name": "b", "op": "CONV_2D", "ticks": 330},
        {"name": "b", "op": "CONV_2D", "ticks": 40},
        {"name": "c", "op": "ADD", "ticks": 7},
    ]
    data = cli("bench", "--compare", *_files({}, {"layers": layers}), "--json").json
    rows = [(r["what"], r["op"], r["old"], r["new"]) for r in data["layers"]]
    assert rows == [
        ("b", "CONV_2D", 300, 330),
        ("b", "CONV_2D", 80, 40),
        ("c", "ADD", None, 7),
        ("a", "CONV_2D", 600, None),
    ]
    text = cli("bench", "--compare", "0.json", "1.json").out
    assert re.search(r"b +CONV_2D +300 +330 +\+10.0 %", text)
    assert re.search(r"c +ADD +7 +new", text)
    assert re.search(r"a +CONV_2D +600 +gone", text)


def test_colours_are_for_terminals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    ui = Ui()
    show(compared(*_files({}, {"per_inference": 2000, "arena_bytes": 1}), 5.0, ui), ui)
    text = capsys.readouterr().out
    assert re.search(r"\x1b\[31minstructions per inference", text)
    assert re.search(r"\x1b\[32m  arena", text)


def test_files_that_are_no_benchmarks(refused: Callable[..., Done]) -> None:
    _files({}, {"unit": "us"}, {"per_inference": None})
    Path("text.json").write_text("none")
    Path("list.json").write_text("[1]")
    for name, says in (
        ("absent.json", "absent.json cannot be read"),
        ("text.json", "text.json is not JSON"),
        ("list.json", "list.json is not a benchmark"),
        ("2.json", "2.json is not a benchmark"),
    ):
        refused("bench", "--compare", "0.json", name, says=says, remedy="--json >")
    refused("bench", "--compare", "0.json", "1.json", says="instructions and 1.json us")
    words = ("bench", "--compare", "0.json", "0.json")
    refused(*words, "--threshold", "-1", says="is not a number of 0 or above", remedy="--help")
    refused(*words, "--board", BOARD, says="benchmarks nothing", remedy="Leave out")


def test_other_boards_are_said(cli: Cli) -> None:
    done = cli("bench", "--compare", *_files({}, {"board": "microbit"}))
    assert done.status == 0
    assert f"0.json is of {BOARD}, 1.json of microbit" in done.err


def test_files_that_would_be_lost(refused: Callable[..., Done], models: Path) -> None:
    model = models / "int8.tflite"
    before = model.read_bytes()
    words = ("bench", "--board", BOARD)
    refused(*words, "--csv", model, says="--csv would write", remedy="end in .csv")
    refused(*words, "--html", model, says="--html would write", remedy="end in .html")
    refused(*words, "--html", "none/x.html", says="There is no folder")
    assert model.read_bytes() == before
