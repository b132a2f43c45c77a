# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows: width, names, bars; and what a pipe gets."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgeinfer.cli import inspect, plan, ui
from edgeinfer.cli.app import parser

FUSED = (
    "net/activation/Relu;net/batch_normalization/FusedBatchNormV3;net/conv2d_4/Conv2D;"
    "net/depthwise_conv2d/BiasAdd/ReadVariableOp/resource1"
)


class Terminal(ui.Ui):
    """A terminal of some width that keeps what is shown."""

    def __init__(self, width: int) -> None:
        super().__init__()
        for console in (self.out, self.err):
            console.file = io.StringIO()
            console._force_terminal = console.is_interactive = True
            console._color_system = None
            console.width = width

    def text(self, of: str = "out") -> str:
        shown = getattr(self, of).file.getvalue()
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


@pytest.mark.parametrize("width", [70, 100])
@pytest.mark.parametrize("module", [inspect, plan])
def test_lines_fit_the_terminal(models: Path, module: ModuleType, width: int) -> None:
    args = parser().parse_args([module.NAME, str(models / "int8.tflite")])
    terminal = Terminal(width)
    result: dict[str, Any] = module.run(args, terminal)
    module.show(result, terminal)
    lines = terminal.text().splitlines()
    assert len(lines) > 8
    assert max(len(line) for line in lines) <= width
    assert any("█" in line for line in lines) == (module is plan and width == 100)


def test_sentences_are_wrapped_between_words_with_their_indentation() -> None:
    terminal = Terminal(30)
    terminal.say("  boards   microbit: it does not fit: RAM is short by 1,000 bytes")
    assert terminal.text() == (
        "  boards   microbit: it does\n    not fit: RAM is short by\n    1,000 bytes\n"
    )


def test_a_pipe_gets_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    ui.Ui().say("word " * 60 + "end")
    ui.Ui().table([["a", "b" * 200, ""]], ["one", "two", "three"], cut=1)
    assert [len(line) for line in capsys.readouterr().out.splitlines()] == [303, 8, 205]


def test_tables_cut_or_leave_out_one_column() -> None:
    for width, wanted in (
        (60, "1,000  abcdefghijklmnopqrstuvwxyz"),
        (26, "1,000  abcdefghijklmnopqr…"),
    ):
        terminal = Terminal(width)
        terminal.table([["1,000", "abcdefghijklmnopqrstuvwxyz"]], ["bytes", "name"], "r", cut=1)
        assert terminal.text().splitlines() == ["bytes  name", wanted]
    terminal = Terminal(15)
    terminal.table([["1,000", "abcdefghijklmnopqrstuvwxyz"]], ["bytes", "name"], "r", cut=1)
    assert terminal.text().splitlines() == ["bytes", "1,000"]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("a/activation/Relu;a/conv2d/BiasAdd;a/conv2d_4/Conv2D;a/conv2d/Conv2D1", "conv2d/Conv2D1"),
        (FUSED, "depthwise_conv2d"),
        ("a/depthwise/BiasAdd/ReadVariableOp1", "depthwise"),
        ("Identity", "Identity"),
        ("StatefulPartitionedCall:0", "StatefulPartitionedCall:0"),
        ("/BiasAdd", "/BiasAdd"),
        (";;", ";;"),
        ("", ""),
    ],
)
def test_names_are_shortened_to_their_telling_part(name: str, short: str) -> None:
    assert ui.short_name(name) == short


def test_warnings_quote_short_names() -> None:
    terminal = Terminal(200)
    terminal.warn(f"layer 3 (CONV_2D '{FUSED}') is dead; 'edgeinfer run' tells")
    wanted = "warning: layer 3 (CONV_2D 'depthwise_conv2d') is dead; 'edgeinfer run' tells\n"
    assert terminal.text("err") == wanted


def test_names_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    ui.Ui().say("a\x1b[31m\x07b [bold]c[/bold] :smile:")
    assert capsys.readouterr().out == "a?[31m?b [bold]c[/bold] :smile:\n"


def test_bars_are_on_a_terminal_only_and_go_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal(80)
    with terminal.progress("Working") as advance:
        advance(None, "first")
        advance(0.5, "second")
    assert terminal.text("out") == ""
    assert "Working: second" in terminal.text("err")
    assert terminal.err.file.getvalue().endswith("\x1b[2K")  # type: ignore[attr-defined]
    with terminal.progress("Loading", 100_000) as advance:
        for part in (0.2, 0.4, 0.6):
            advance(part)
            time.sleep(0.15)
    assert re.search(r"60% +\d+\.\d kB/s 0:00:0\d", terminal.text("err"))
    with terminal.progress("Running", 10, "sample") as advance:
        for part in (0.2, 0.4):
            advance(part)
            time.sleep(0.15)
    assert re.search(r"40% +\d+\.\d samples/s 0:00:0\d", terminal.text("err"))
    assert ui.rate(0.25, "sample") == "4.0 s per sample"
    with ui.Ui().progress("Working") as advance:
        advance(0.5)
    assert capsys.readouterr() == ("", "")
