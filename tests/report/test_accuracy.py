# SPDX-License-Identifier: Apache-2.0
"""The page of quantize and eval: what the JSON says, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeinfer.cli import main
from edgeinfer.compile import compile_graph
from edgeinfer.quantize import FAST, quantize
from edgeinfer.report import accuracy
from edgeinfer.report.charts import confusion, errors, histogram
from edgeinfer.report.picture import Polygon, Text
from edgeinfer.tflite import write_file
from tests.quantize.networks import classifier, noise

VOID = {"meta", "br", "wbr", "link", "img", "input"}


class Page(HTMLParser):
    """Checks that tags match and name nothing outside; collects text and keys."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text, self.keys = "", set[str | None]()
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        assert tag not in {"link", "img", "iframe"}
        assert not {"src", "href", "xlink:href"} & set(known)
        self.keys.add(known.get("data-key"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """float.tflite, and x.npz with samples and labels."""
    place = tmp_path_factory.mktemp("report")
    write_file(place / "float.tflite", classifier())
    np.savez(place / "x.npz", x=noise(classifier(), 30), y=np.arange(30) % 3)
    return place


def command(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main([str(w) for w in (*words, "--json")]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def check(path: Path, result: dict[str, Any]) -> Page:
    """The page has what both commands say."""
    source = path.read_text(encoding="utf-8")
    page = Page(source)
    urls = set(re.findall(r"[a-z]+://[^\s\"'<]+", source))
    assert urls == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"url\(|@import|fetch\(|import\(", source)
    assert "prefers-color-scheme: dark" in source
    for name, form in (
        ("top1", ".2f"), ("agreement", ".2f"), ("sqnr_db", ".1f"), ("kl", ".2g"),
        ("image_bytes", ","), ("arena_bytes", ","), ("model_bytes", ","), ("float_bytes", ","),
    ):  # fmt: skip
        assert f"{result[name]:{form}}" in page.text, name
    for name, form in (("top1_interval", ".2f"), ("sqnr_interval", ".1f"), ("kl_interval", ".2g")):
        low, high = result[name]
        assert f"{low:{form}} to {high:{form}}" in page.text
    for row in result["layers"]:
        assert f"layer {row['layer']} {row['name']}" in page.keys
        assert f"{row['sqnr_db']:.1f} dB" in page.text
        assert f"{row['range'][1]:.3g}" in page.text
        for worst in row["worst"]:
            assert f"{worst['channel']} ({worst['noise']:.0f} %)" in page.text
    for label, output, _ in result["confusion"]:
        assert f"{label} {output}" in page.keys
    return page


def test_quantize_writes_what_it_prints(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("quantize", folder / "float.tflite", "--calib", folder / "x.npz", "--fast")
    result = command(capsys, *words, "--report", folder / "made.html")
    page = check(folder / "made.html", result)
    assert "float_int8.tflite beside the float model" in page.text
    for name, value in result["settings"].items():
        assert name in page.text
        text = ", ".join(value) or "none" if isinstance(value, list) else str(value)
        assert {"True": "yes", "False": "no"}.get(text, text) in page.text
    for thing in ("Memory", "Size", "input0", "scratch"):
        assert thing in page.text


def test_eval_writes_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    int8 = folder / "int8.tflite"
    write_file(int8, quantize(classifier(), noise(classifier(), 30), **FAST).graph)
    words = ("--data", folder / "x.npz", "--report", folder / "eval.html")
    result = command(capsys, "eval", int8, *words, "--reference", folder / "float.tflite")
    check(folder / "eval.html", result)
    alone = command(capsys, "eval", folder / "float.tflite", *words)
    page = Page((folder / "eval.html").read_text())
    assert f"{alone['top1']:.2f} %" in page.text
    assert "Error by layer" not in page.text


def test_a_report_is_a_page_and_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["quantize", str(folder / "float.tflite"), "--calib", str(folder / "x.npz")]
    assert main([*words, "--report", str(folder / "made.pdf")]) == 2
    assert "Let its name end in .html." in capsys.readouterr().err
    assert main([*words, "--report", str(folder / "no" / "made.html")]) == 2
    assert "There is no folder" in capsys.readouterr().err


def layer(**changes: Any) -> dict[str, Any]:
    plain = {
        "layer": 3, "op": "CONV_2D", "name": "a/b", "sqnr_db": 20.0, "exact": False,
        "range": (-1.0, 1.0), "span": (-2.0, 2.0), "histogram": (4, 1, 0, 9),
    }  # fmt: skip
    return {**plain, **changes}


def test_bars_are_as_long_as_the_figures_and_the_worst_stands_out() -> None:
    rows = [layer(), layer(layer=4, sqnr_db=40.0), layer(layer=5, sqnr_db=None, exact=True)]
    shapes = [s for s in errors(rows, 800).shapes if isinstance(s, Polygon)]
    lengths = [s.points[1][0] - s.points[0][0] for s in shapes]
    assert lengths[1] == pytest.approx(2 * lengths[0])
    assert lengths[2] == lengths[1]
    assert [s.fill for s in shapes].count("mark") == 1
    assert shapes[0].fill == "mark"


def test_histogram_marks_what_lies_beyond_the_range() -> None:
    ground, *columns = [s for s in histogram(layer()).shapes if isinstance(s, Polygon)]
    heights = [s.points[2][1] - s.points[0][1] for s in columns]
    assert heights[0] / heights[2] == pytest.approx(2 / 3)
    assert [s.fill for s in columns].count("mark") == 2
    assert ground.points[0][0] == pytest.approx(columns[1].points[0][0])


def test_confusion_and_many_classes() -> None:
    texts = [s.text for s in confusion([(0, 0, 5), (7, 0, 3)], 400).shapes if isinstance(s, Text)]
    assert {"0", "7", "5", "3"} <= set(texts)
    many = [(i, i + 1, i + 1) for i in range(60)]
    int8 = quantize(classifier(), noise(classifier(), 5), **FAST).graph
    result = {
        "model": "<m>&", "n": 60, "top1": 0.0, "top1_interval": (0, 6), "sqnr_db": None,
        "exact": None, "kl": None, "confusion": many,
    }  # fmt: skip
    source = accuracy(result, compile_graph(int8).plan).decode()
    page = Page(source)
    assert "The most frequent mistakes" in page.text
    assert "59" in page.text
    for picture in re.findall(r"<svg.*?</svg>", source, re.DOTALL):
        ElementTree.fromstring(picture)
