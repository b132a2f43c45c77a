# SPDX-License-Identifier: Apache-2.0
"""The networks of MLPerf Tiny under its runner's commands, in performance and accuracy mode."""

from __future__ import annotations

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
from edgeinfer.errors import FitError
from edgeinfer.evaluate import to_input
from edgeinfer.firmware.flash import flash
from edgeinfer.graph import Array, Graph
from edgeinfer.session import Session
from edgeinfer.wire.device import Device
from tests.board.runner import Runner
from tests.conftest import cache_of_its_own

pytestmark = pytest.mark.xdist_group("runner")
BOARD = "mps2-an386"
SAMPLES = {"kws01": 10, "vww01": 4, "ic01": 10, "ad01": 10}
INFERENCES = {"kws01": 20, "vww01": 5, "ic01": 5, "ad01": 200}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this module's own; its emulators are stopped afterwards."""
    with cache_of_its_own(tmp_path_factory.mktemp("cache")):
        yield


class Network:
    """One of the four, its samples as the runner sends them and as reals, and its labels."""

    def __init__(self, shared: Path, name: str) -> None:
        self.name = name
        self.graph: Graph = replace(
            tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite"), name=name
        )
        self.image = compile_graph(self.graph).image
        self.labels: Array | None = None
        count = SAMPLES[name]
        pixels = name in ("vww01", "ic01")
        data = np.load(shared / "data" / f"{name}{'_u8' if pixels else ''}.npz")
        if pixels:
            self.sent = [each.tobytes() for each in data["img"][:count]]
            self.real = data["img"].astype(np.float32) / (1 if name == "ic01" else 255)
        else:
            self.real = data["x"]
            sent = self.real if name == "ad01" else self.quantized()
            self.sent = [each.tobytes() for each in sent[:count]]
        if "y" in data:
            self.labels = data["y"][:count]

    def quantized(self) -> Array:
        return to_input(self.graph.tensors[self.graph.inputs[0]], self.real)

    def wanted(self, session: Session, i: int) -> list[str]:
        """The results of sample i as the reference firmware writes them, from the host's bytes."""
        (scores,) = session.run([self.quantized()[i : i + 1]])
        (io,) = session.info.outputs
        real = np.float32(io.scale) * (scores.reshape(-1).astype(np.float32) - io.zero_point)
        if self.name == "ad01":
            return [f"{np.mean((real.astype(np.float64) - self.real[i]) ** 2):.3f}"]
        return [f"{each:.3f}" for each in real]


@pytest.fixture(scope="module", params=INFERENCES)
def network(request: pytest.FixtureRequest, shared: Path) -> Network:
    return Network(shared, request.param)


@pytest.fixture(scope="module")
def port(network: Network) -> str:
    return flash(network.image, load_board(BOARD)).port


def test_accuracy_mode(network: Network, port: str) -> None:
    session, right = Session(network.image), 0
    with Runner(port) as runner:
        assert runner.profile() == {
            "name": "edgeinfer",
            "profile": "ULPMark for tinyML Firmware V0.0.1",
            "model": network.name,
        }
        for i, sample in enumerate(network.sent):
            runner.load(sample)
            _, results = runner.infer(1, 0)
            wanted = network.wanted(session, i)
            if network.name == "ad01":  # 640 sums of float32: the last decimal is not theirs alone
                assert [float(r) for r in results] == pytest.approx(
                    [float(w) for w in wanted], rel=1e-5
                )
            else:
                assert results == wanted
            if network.labels is not None:
                right += int(np.argmax([float(each) for each in results])) == network.labels[i]
    assert network.labels is None or right >= 0.75 * len(network.sent)


def test_performance_mode(network: Network, port: str) -> None:
    n = INFERENCES[network.name]
    with Runner(port) as runner:
        runner.profile()
        runner.load(network.sent[0])
        while runner.clock < 10_000_000:  # a stamp with a digit more takes longer to write
            runner.infer(n, 3)
        elapsed, results = zip(*(runner.infer(n, 3) for _ in range(3)), strict=True)
        single, _ = runner.infer(1, 0)
    assert len({tuple(each) for each in results}) == 1  # what went before leaves no trace
    assert max(elapsed) - min(elapsed) <= 1  # microseconds; the timer's phase is not reset here
    assert elapsed[0] == pytest.approx(n * single, rel=0.01)


def test_own_commands_take_the_tensor(network: Network, port: str) -> None:
    """However the runner's inputs look, `ei` commands know bytes of tensors only."""
    session = Session(network.image)
    inputs = [network.quantized()[:1]]
    with Device(port) as device:
        assert device.invoke([x.tobytes() for x in inputs]) == [
            y.tobytes() for y in session.run(inputs)
        ]
        _, by_blocks = device.infer(1, 0)
    with Runner(port) as runner:
        runner.load(network.sent[0])
        _, results = runner.infer(1, 0)
    by_runner = [float(each) for each in results]
    # The squared error is then that against the tensor, to which real inputs were rounded.
    assert by_blocks == pytest.approx(by_runner, rel=0.02 if network.name == "ad01" else 0)


def test_the_input_as_it_was_loaded(network: Network, port: str) -> None:
    with Runner(port) as runner:
        runner.load(network.sent[1])
        lines = runner.ask("db print")[:-1]
        said = bytes.fromhex(
            "".join(line.removeprefix("m-buffer-") for line in lines).replace("-", "")
        )
        wrong = runner.ask(f"db load {len(network.sent[0]) - 1}")
    tensor = network.quantized()[1].tobytes()
    assert said == (tensor if network.name in ("vww01", "ic01") else network.sent[1])
    assert wrong == [f"e-[The model's input has {len(network.sent[0])} bytes]", "m-ready"]


@pytest.mark.parametrize("network", ["vww01", "ic01"], indirect=True)
def test_every_grey_is_the_references(network: Network, port: str) -> None:
    """The reference firmware subtracts 128."""
    with Runner(port) as runner:
        size = len(network.sent[0])
        runner.load(bytes(i % 256 for i in range(size)))
        lines = runner.ask("db print")[:-1]
    said = bytes.fromhex("".join(line.removeprefix("m-buffer-") for line in lines).replace("-", ""))
    assert said == bytes((i - 128) % 256 for i in range(size))


def test_other_names_mean_tensors(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--name chooses, and nothing else does: a file that is called ad01_int8 is any model."""
    model = str(shared / "models" / "int8" / "ad01_int8.tflite")
    assert main(["flash", model, "--board", BOARD]) == 0
    running = emulator.find(BOARD)
    assert running is not None
    with Runner(running.port) as runner:
        assert runner.profile()["model"] == "ad01_int8"
        runner.load(bytes(640))
        assert len(runner.infer(1, 0)[1]) == 640
    assert main(["bench", model, "--board", BOARD, "--name", "ad01", "--runs", "1"]) == 0
    running = emulator.find(BOARD)
    assert running is not None
    assert main(["verify", model, "--port", running.port, "--name", "ad01", "-n", "2"]) == 0
    with Runner(running.port) as runner:
        runner.load(bytes(2560))
        assert len(runner.infer(1, 0)[1]) == 1
    capsys.readouterr()
    assert main(["flash", model, "--board", BOARD, "--name", "a%"]) == 2
    assert "visible ASCII characters without" in capsys.readouterr().err


def test_windows_of_a_float_model(shared: Path) -> None:
    """Its tensor is the window."""
    path = shared / "models" / "float" / "ad01_float.tflite"
    image = compile_graph(replace(tflite.read_file(path), name="ad01")).image
    x = np.load(shared / "data" / "ad01.npz")["x"][:2]
    session = Session(image)
    with Runner(flash(image, load_board(BOARD)).port) as runner:
        for each in x:
            runner.load(each.tobytes())
            _, (error,) = runner.infer(1, 1)
            (output,) = session.run([each[None]])
            assert float(error) == pytest.approx(np.mean((output[0] - each) ** 2), abs=2e-3)


def test_windows_need_room(shared: Path) -> None:
    network = Network(shared, "ad01")
    board = replace(load_board(BOARD), ram_bytes=load_board(BOARD).stack_bytes + 4_000)
    with pytest.raises(FitError, match="RAM is short by"):
        flash(network.image, board)
