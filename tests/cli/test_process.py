# SPDX-License-Identifier: Apache-2.0
"""The program as a process: exit status, streams, and what only a process can do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# Whoever starts tests in the background has interrupts ignored, and children inherit that.
HOLD = """import pathlib, signal, time, numpy
signal.signal(signal.SIGINT, signal.default_int_handler)
def load(*_, **__):
    pathlib.Path("loading").touch()
    time.sleep(60)
numpy.load = load
"""


def edgeinfer(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgeinfer", *map(str, words)]
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
        command, capture_output=True, text=True, check=False, **options
    )
    assert "Traceback" not in done.stderr
    return done


def test_streams_and_status(models: Path) -> None:
    good = edgeinfer("verify", models / "int8.tflite", "-n", 2, "--json")
    assert good.returncode == 0
    assert json.loads(good.stdout)["mismatched_bytes"] == 0
    bad = edgeinfer("verify", models / "unique.tflite")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("error: ")
    no = edgeinfer("plan", models / "wide.tflite", "--board", "microbit", "--json")
    assert no.returncode == 1
    assert json.loads(no.stdout)["fits"] is False
    assert edgeinfer("plan").returncode == 2


def test_a_reader_that_has_seen_enough(models: Path) -> None:
    command = f"{sys.executable} -m edgeinfer run {models}/int8.tflite --input {models}/x.npz"
    for flag in ("", " --json"):
        done = subprocess.run(
            ["bash", "-c", f"{command}{flag} | true; echo ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert (done.stdout, done.stderr) == ("141\n", "")


def test_a_terminal_without_unicode(models: Path) -> None:
    plain = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = edgeinfer("plan", models / "int8.tflite", env=plain)
    assert done.returncode == 0
    assert done.stdout.isascii()


@pytest.mark.parametrize("flag", [(), ("--json",)])
def test_interrupted(models: Path, folder: Path, flag: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "edgeinfer", "quantize", str(models / "float.tflite")]
    (folder / "sitecustomize.py").write_text(HOLD)
    command += ["--calib", str(models / "x.npz"), "-o", "out.tflite", *flag]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )
    while not Path("loading").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Interrupted." in (out if flag else err)
    assert "Traceback" not in err
    assert not Path("out.tflite").exists()


def test_an_error_of_edgeinfer_itself_is_a_sentence(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgeinfer.cli import inspect, main

    def fail(*_: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(inspect, "run", fail)
    assert main(["inspect", str(models / "int8.tflite")]) == 2
    shown = capsys.readouterr().err
    assert "edgeinfer itself failed (RuntimeError: no such luck)" in shown
    assert "EDGEINFER_TRACEBACK=1" in shown
    assert "Traceback" not in shown
    monkeypatch.setenv("EDGEINFER_TRACEBACK", "1")
    assert main(["inspect", str(models / "int8.tflite")]) == 2
    assert "Traceback" in capsys.readouterr().err
