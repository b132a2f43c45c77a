# SPDX-License-Identifier: Apache-2.0
"""Several models in one firmware: each gives the host's bytes in turns, and keeps its state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.boards import emulator
from edgeinfer.boards.board import load_board
from edgeinfer.cli.app import main
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DeviceError
from edgeinfer.firmware.flash import flash
from edgeinfer.firmware.models import Models
from edgeinfer.firmware.project import Parts, write
from edgeinfer.graph import Graph
from edgeinfer.session import Session
from edgeinfer.wire.device import Device
from tests.board.conftest import two_inputs
from tests.ops.cases import samples
from tests.optimize.networks import network
from tests.plan.test_stateful import remembering


@pytest.fixture(scope="module")
def graphs() -> list[Graph]:
    rng = np.random.default_rng(5)
    made = [two_inputs(), remembering(network(8), rng, 2), remembering(network(9), rng, 1)]
    return [replace(graph, name=name) for graph, name in zip(made, "abc", strict=True)]


@pytest.fixture(scope="module")
def images(graphs: list[Graph]) -> list[bytes]:
    return [compile_graph(graph, apart=True).image for graph in graphs]


@pytest.fixture(autouse=True)
def unplugged(cache: Path) -> Iterator[None]:
    yield
    for name in ("several", "mps2-an386"):
        emulator.stop(name)


@pytest.mark.parametrize("name", ["netduinoplus2", "mps2-an385-m0", "hifive1", "rpi-zero-w"])
def test_models_take_turns_and_keep_their_state(
    name: str, graphs: list[Graph], images: list[bytes]
) -> None:
    done = flash(images, replace(load_board(name), name="several"))
    models, rng = Models(images), np.random.default_rng(1)
    assert done.arena_bytes == models.arena_bytes
    assert done.arena_bytes < sum(Session(image).info.arena_bytes for image in images)
    hosts = [Session(image) for image in images]
    with Device(done.port) as device:
        assert device.models() == ["a", "b", "c"]
        assert device.info().models == 3 and device.info().model == "a"
        for which in (1, 0, 2, 1, 1, 2, 0, 2, 1):
            device.choose(which)
            assert device.info().model == "abc"[which]
            (sample,) = samples(graphs[which], rng, 1)
            got = device.invoke([x.tobytes() for x in sample])
            assert got == [y.tobytes() for y in hosts[which].run(sample)]
        device.choose(0)
        with pytest.raises(DeviceError, match="No input"):  # the other model's is no input
            device.run_ticks(1)
        (sample,) = samples(graphs[0], rng, 1)
        device.load_input(b"".join(x.tobytes() for x in sample))
        device.choose(0)  # said twice, as after a lost answer, it changes nothing
        device.infer(1)  # the benchmark's commands are about the same model
        assert device.output() == [y.tobytes() for y in hosts[0].run(sample)]
        with pytest.raises(DeviceError, match="a number below 3"):
            device.choose(3)


def test_the_command_line_finds_each_model(
    graphs: list[Graph], cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(tmp_path / f"{graph.name}.tflite") for graph in graphs]
    for file, graph in zip(files, graphs, strict=True):
        Path(file).write_bytes(tflite.write(graph))

    def run(*arguments: str) -> dict[str, object]:
        assert main([*arguments, "--json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    planned = run("plan", *files, "--board", "mps2-an386")
    done = run("flash", *files, "--board", "mps2-an386")
    assert done["arena_bytes"] == planned["arena_bytes"] and planned["fits"]
    assert done["models"] == files and done["state_bytes"] == planned["state_bytes"]
    for file in files:
        assert run("verify", file, "--port", str(done["port"]))["mismatched_bytes"] == 0
    assert run("bench", "--board", "mps2-an386", "--model", "c")["model"] == "c"
    assert main(["bench", "--board", "mps2-an386", "--model", "d"]) == 2
    assert "It runs a, b, c." in capsys.readouterr().err


def test_images_of_one_size_are_told_apart(tmp_path: Path) -> None:
    """What is built follows its image, of which config.h alone says that it changed."""
    board, texts = load_board("microbit"), []
    for names in (("a", "c"), ("b", "c"), ("a", "d")):
        images = [compile_graph(replace(two_inputs(), name=name)).image for name in names]
        write(Parts(Models(images), board, 600), tmp_path)
        texts.append((tmp_path / "generated" / "config.h").read_text())
    assert len(set(texts)) == 3
