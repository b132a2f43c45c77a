# SPDX-License-Identifier: Apache-2.0
"""The eight public int8 models of ../shared, whole: host, Cortex-M4 code and Interpreter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import Interpreter, tflite
from edgeinfer.compile import compile_graph
from edgeinfer.evaluate import to_input
from edgeinfer.graph import Array, Graph
from edgeinfer.session import Session
from edgeinfer.verify import TfliteReference, compare, random_inputs

MODELS = ("ad01", "hello_world", "ic01", "kws01", "micro_speech", "person_detect", "sww01", "vww01")


def real_inputs(shared: Path, name: str, graph: Graph) -> list[list[Array]]:
    """The real samples of ../shared/data that fit a model, at most 25."""
    tensor = graph.tensors[graph.inputs[0]]
    match name:
        case "kws01" | "ad01":
            x = np.load(shared / "data" / f"{name}.npz")["x"]
        case "sww01":
            x = np.load(shared / "data" / "sww01_calib.npz")["x"]
        case "vww01":
            x = np.load(shared / "data" / "vww01_u8.npz")["img"].astype(np.float32) / 255
        case "ic01":
            x = np.load(shared / "data" / "ic01_u8.npz")["img"].astype(np.float32)
        case _:
            return []
    return [[to_input(tensor, one.reshape(tensor.shape))] for one in x[:25]]


@pytest.mark.parametrize("name", MODELS)
def test_host_gives_the_references_bytes(shared: Path, name: str) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    image = compile_graph(graph).image
    oracle = TfliteReference(graph)
    inputs = [*random_inputs(graph, 100), *real_inputs(shared, name, graph)]
    expected = [oracle.run(sample) for sample in inputs]
    for backend, count in (("host", len(inputs)), ("dsp", 10)):
        session, answers = Session(image, backend), iter(expected)
        verdict, _ = compare(session.run, lambda _, a=answers: next(a), inputs[:count])
        assert verdict.mismatched_bytes == 0, f"{backend}: {verdict}"
        assert verdict.compared_bytes >= count


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_gives_the_references_bytes(shared: Path, name: str) -> None:
    """Final outputs are few and saturate; so all activations are made outputs."""
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    every = tuple(t for node in graph.nodes for t in node.outputs)
    graph = replace(graph, outputs=every, signatures=())
    oracle, session = TfliteReference(graph), Session(compile_graph(graph).image)
    inputs = [*random_inputs(graph, 3, seed=1), *real_inputs(shared, name, graph)[:3]]
    verdict, _ = compare(session.run, oracle.run, inputs)
    assert verdict.mismatched_bytes == 0, verdict
    assert verdict.compared_bytes == len(inputs) * sum(graph.tensors[t].nbytes for t in every)


@pytest.mark.parametrize("name", MODELS)
def test_interpreter_gives_tensorflow_lite_micros_bytes(shared: Path, name: str) -> None:
    known = json.loads((shared / "baselines" / "tflm_outputs.json").read_text())["outputs"]
    path = shared / "models" / "int8" / f"{name}_int8.tflite"
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    values = np.random.RandomState(0).randint(-128, 128, size=detail["shape"])
    interpreter.set_tensor(detail["index"], values.astype(np.int8))
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    wanted = known[f"{name}_int8"]
    assert output.reshape(-1)[: len(wanted)].tolist() == wanted


def test_dead_channels_are_not_flashed(shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / "vww01_int8.tflite")
    assert len(compile_graph(graph, strip=True).image) < 50_000
    assert len(compile_graph(graph, strip=True, passes=()).image) > 230_000


def test_arena_and_image_sizes(shared: Path) -> None:
    made = compile_graph(tflite.read_file(shared / "models" / "int8" / "kws01_int8.tflite"))
    assert made.plan.arena_bytes <= 9_184
    assert made.plan.optimal
    assert len(made.image) < 32_000
