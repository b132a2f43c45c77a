# SPDX-License-Identifier: Apache-2.0
"""Whole models on emulated boards, over serial, equal to the host in every byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.bench import bench
from edgeinfer.boards.board import SMALL, load_board
from edgeinfer.compile import compile_graph
from edgeinfer.demo import digits
from edgeinfer.evaluate import to_input
from edgeinfer.firmware.flash import arena_room, flash
from edgeinfer.graph import Array
from edgeinfer.image import read_image
from edgeinfer.inspection import macs
from edgeinfer.plan import Goal
from edgeinfer.quantize import quantize
from edgeinfer.session import Session
from edgeinfer.verify import random_inputs
from edgeinfer.wire.device import Device
from tests.bench.measure import library_bytes, measure
from tests.bench.mobilenet import mobilenet
from tests.conftest import cache_of_its_own
from tests.models.test_audio import WORDS, frames
from tests.models.test_public import MODELS

pytestmark = pytest.mark.xdist_group("models on boards")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this module's own; its emulators are stopped afterwards."""
    with cache_of_its_own(tmp_path_factory.mktemp("cache")):
        yield


def assert_equal_on(board: str, image: bytes, inputs: list[list[Array]]) -> list[list[Array]]:
    """Flash an image and compare the board's outputs with the host's, which are returned."""
    session = Session(image)
    outputs = [session.run(sample) for sample in inputs]
    with Device(flash(image, load_board(board)).port) as device:
        for sample, expected in zip(inputs, outputs, strict=True):
            got = device.invoke([x.tobytes() for x in sample])
            assert got == [y.tobytes() for y in expected]
    return outputs


@pytest.mark.parametrize("name", MODELS)
def test_public_models_on_the_cortex_m4(shared: Path, name: str) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    assert_equal_on("mps2-an386", compile_graph(graph).image, random_inputs(graph, 3))


@pytest.mark.parametrize(("name", "board"), [("kws01", "microbit"), ("sww01", "stm32vldiscovery")])
def test_small_boards_run_what_needs_more_elsewhere(shared: Path, name: str, board: str) -> None:
    """Keywords in 16 KB of RAM and a wake word in 8 KB: arena, stack and serial line included."""
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    room = arena_room(load_board(board))
    compiled = compile_graph(graph, goal=Goal(limit=room))
    assert compiled.plan.arena_bytes <= room
    assert_equal_on(board, compiled.image, random_inputs(graph, 2))


def test_real_keywords_quantized_here_on_the_stm32f405(shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / "float" / "kws01_float.tflite")
    x = np.load(shared / "data" / "kws01.npz")["x"]
    quantized = quantize(graph, x[:100]).graph
    tensor = quantized.tensors[quantized.inputs[0]]
    inputs = [[to_input(tensor, one[None])] for one in x[100:120]]
    assert_equal_on("netduinoplus2", compile_graph(quantized).image, inputs)


def test_digits_on_the_microbit(digits_float: Path) -> None:
    x_train, _, x_test, _ = digits.load()
    quantized = quantize(tflite.read_file(digits_float), x_train[:100]).graph
    tensor = quantized.tensors[quantized.inputs[0]]
    inputs = [[to_input(tensor, one[None])] for one in x_test[:20]]
    assert_equal_on("microbit", compile_graph(quantized).image, inputs)


def test_nine_kilobytes_of_kernels_and_executor_give_the_same_bytes(shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / "kws01_int8.tflite")
    inputs = random_inputs(graph, 3)
    outputs = assert_equal_on("mps2-an386", compile_graph(graph, layout=SMALL).image, inputs)
    assert library_bytes("mps2-an386") <= 9 * 1024
    fast = Session(compile_graph(graph).image)
    assert [y.tolist() for (y,) in outputs] == [y.tolist() for (y,) in map(fast.run, inputs)]


def test_a_multiply_accumulate_costs_no_more_in_a_larger_network() -> None:
    costs = []
    for width, resolution in ((0.25, 32), (0.25, 64), (0.5, 64)):
        graph = mobilenet(width, resolution)
        costs.append(measure(graph, "mps2-an386")["per_inference"] / sum(macs(graph)))
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize("word", ["yes", "no"])
def test_a_spoken_word_is_recognized_on_the_cortex_m4(shared: Path, word: str) -> None:
    front, network = (
        compile_graph(tflite.read_file(shared / "models" / "int8" / f"{name}.tflite")).image
        for name in ("micro_speech_frontend", "micro_speech_int8")
    )
    inputs = [[frame] for frame in frames(shared, word)]
    features = [feature for (feature,) in assert_equal_on("mps2-an386", front, inputs)]
    window = np.concatenate(features).reshape(1, -1)
    ((scores,),) = assert_equal_on("mps2-an386", network, [[window]])
    assert WORDS[int(scores.argmax())] == word


def test_benchmark_of_keyword_spotting_repeats_exactly(shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / "kws01_int8.tflite")
    image, board = compile_graph(graph).image, load_board("netduinoplus2")
    costs = []
    for _ in range(2):
        done = flash(image, board)
        with Device(done.port) as device:
            costs.append(bench(device, board, read_image(image), runs=2, layers=True))
    first, second = costs
    assert first["unit"] == "instructions"
    assert first["per_inference"] == second["per_inference"] > 1_000_000
    assert [r["ticks"] for r in first["layers"]] == [r["ticks"] for r in second["layers"]]
    assert first["arena_bytes"] <= 9_184
    assert first["static_ram_bytes"] <= 512
    assert first["stack_bytes"] <= 1_024
