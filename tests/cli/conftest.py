# SPDX-License-Identifier: Apache-2.0
"""The command line in this process, small models, and a folder in which commands run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.boards import emulator
from edgeinfer.cli import main
from edgeinfer.quantize import quantize
from tests.ops.cases import common as cases
from tests.quantize.networks import Net, classifier, noise

Graph = cases.Graph


@dataclass(frozen=True)
class Done:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout; numbers that JSON does not have are refused."""
        (line,) = self.out.splitlines()

        def refuse(text: str) -> None:
            raise AssertionError(f"{text} is no JSON")

        found: dict[str, Any] = json.loads(line, parse_constant=refuse)
        return found


Cli = Callable[..., Done]


@pytest.fixture(scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Builds and emulators of these tests; nothing is left running."""
    folder = tmp_path_factory.mktemp("cache")
    yield folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEINFER_CACHE", str(folder))
        for running in emulator.running():
            emulator.stop(running.board)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a command: empty, and its own."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("EDGEINFER_CACHE", str(own_cache))
    return place


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command: cli("inspect", path, "--json")."""

    def run(*words: object) -> Done:
        capsys.readouterr()
        try:
            status = main([str(word) for word in words])
        except SystemExit as end:  # --help and --version
            status = int(end.code or 0)
        text = capsys.readouterr()
        return Done(status, text.out, text.err)

    return run


@pytest.fixture
def refused(cli: Cli, folder: Path) -> Callable[..., Done]:
    """Checks that a command ends with one clear sentence and a remedy, as text and as JSON, with
    its exit status, and without a trace in the folder."""

    def check(*words: object, says: str, remedy: str = "", status: int = 2) -> Done:
        before = listing(folder)
        text, data = cli(*words), cli(*words, "--json")
        assert (text.status, data.status) == (status, status), text.err + data.out
        assert set(data.json) == {"error", "remedy"}
        assert text.out == data.err == ""
        first, second = text.err.splitlines()
        assert first == f"error: {data.json['error']}"
        assert second == data.json["remedy"]
        assert says in first
        assert first.endswith(".")
        assert remedy in second
        assert "Traceback" not in text.err
        assert "edgeinfer itself failed" not in text.err
        assert listing(folder) == before
        return text

    return check


def listing(folder: Path) -> dict[str, bytes]:
    """All files in a folder."""
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def store(path: Path, graph: Graph) -> Path:
    tflite.write_file(path, graph)
    return path


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models and samples.

    float, int8 and other: a classifier, quantized in two ways; x.npz has its samples and labels,
    x.npy the samples; unique: not supported, square: not of this type; wide and heavy: too large
    for a micro:bit in RAM and in flash; two_float and two_int8: two inputs and outputs, with
    two.npz."""
    folder = tmp_path_factory.mktemp("models")
    graph = classifier()
    x = noise(graph, 30)
    np.savez(folder / "x.npz", x=x, y=np.arange(30) % 3)
    np.save(folder / "x.npy", x)
    store(folder / "float.tflite", graph)
    store(folder / "int8.tflite", quantize(graph, x).graph)
    store(folder / "other.tflite", quantize(graph, 2 * x).graph)

    q = cases.Quant.per_tensor(0.1, 0)
    for op, name, shape in (
        ("UNIQUE", "unique", (1, 4)),
        ("SQUARE", "square", (1, 4)),
        ("RELU", "wide", (1, 64, 64, 8)),
    ):
        tensors = cases.activation("x", shape, q), cases.activation("y", shape, q)
        store(folder / f"{name}.tflite", cases.model(op, [tensors[0]], tensors[1], {}, ""))
    weights = cases.constant("w", np.full((600, 500), 99, np.int8), cases.Quant.per_tensor(0.01, 0))
    inputs = [cases.activation("x", (1, 500), q), weights]
    output = cases.activation("y", (1, 600), cases.Quant.per_tensor(0.5, 0))
    options = {"fused_activation_function": 0}
    store(
        folder / "heavy.tflite",
        cases.model("FULLY_CONNECTED", inputs, output, options, "FullyConnectedOptions", 4),
    )

    net = Net()
    a, b = net.input(1, 6, name="a"), net.input(1, 6, name="b")
    added = net.op("ADD", a, b, shape=(1, 6), fused_activation_function=0)
    two = net.graph(net.softmax(net.dense(added, 4)), added)
    both = {"a": noise(two, 12), "b": noise(two, 12, 2)}
    np.savez(folder / "two.npz", **both)
    store(folder / "two_float.tflite", two)
    store(folder / "two_int8.tflite", quantize(two, both).graph)
    return folder
