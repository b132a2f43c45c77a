# SPDX-License-Identifier: Apache-2.0
"""The public models: read, written, read again, and run by TFLite."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.session import Session
from edgeinfer.tflite.schema import enum
from edgeinfer.verify import TfliteReference, random_inputs
from tests.tflite.same import MODELS, assert_same


@pytest.fixture(params=MODELS)
def path(request: pytest.FixtureRequest, shared: Path) -> Path:
    return shared / "models" / f"{request.param}.tflite"


def test_round_trip(path: Path) -> None:
    graph = tflite.read(path)
    data = tflite.write(graph)
    assert_same(graph, tflite.read(data))
    assert data == tflite.write(graph)
    assert len(data) <= path.stat().st_size


def test_agrees_with_generated_reader(path: Path) -> None:
    import tflite as schema

    graph = tflite.read(path)
    model = schema.Model.GetRootAs(path.read_bytes())
    part = model.Subgraphs(0)
    assert part.InputsAsNumpy().tolist() == list(graph.inputs)
    assert part.OperatorsLength() == len(graph.nodes)
    for i, node in enumerate(graph.nodes):
        operator = part.Operators(i)
        assert operator.InputsAsNumpy().tolist() == list(node.inputs)
        code = model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        assert enum("BuiltinOperator")[node.op.partition(":")[0]] == number
        assert code.Version() == node.version
    for i, tensor in enumerate(graph.tensors):
        stored = part.Tensors(i)
        assert stored.Name().decode() == tensor.name
        data = model.Buffers(stored.Buffer()).DataAsNumpy()
        assert (b"" if isinstance(data, int) else data.tobytes()) == (
            b"" if tensor.data is None else tensor.data.tobytes()
        )


def test_runs_the_same(path: Path) -> None:
    data = tflite.write(tflite.read(path))
    if path.stem == "micro_speech_frontend":  # tflite-runtime lacks the Signal operators
        graphs = tflite.read(path), tflite.read(data)
        first, second = (Session(compile_graph(graph).image) for graph in graphs)
        for sample in random_inputs(graphs[0], 3):
            assert first.run(sample)[0].tobytes() == second.run(sample)[0].tobytes()
        return
    (sample,) = random_inputs(tflite.read(path), 1)
    for delegates in (False, True):
        rewritten = TfliteReference(data, delegates).run(sample)
        if path.stem == "person_detect_int8":  # TFLite refuses the original
            continue
        original = TfliteReference(path.read_bytes(), delegates).run(sample)
        for a, b in zip(original, rewritten, strict=True):
            assert a.tobytes() == b.tobytes()


def test_repaired_person_detect(shared: Path) -> None:
    path = shared / "models" / "int8" / "person_detect_int8.tflite"
    graph = tflite.read(path)
    biases = [t for t in graph.tensors if t.dtype == np.int32 and t.quant and t.quant.per_channel]
    assert biases
    assert {t.quant.axis for t in biases if t.quant} == {0}
    known = json.loads((shared / "baselines" / "tflm_outputs.json").read_text())["outputs"]
    size = graph.tensors[graph.inputs[0]].shape
    sample = np.random.RandomState(0).randint(-128, 128, size=size).astype(np.int8)
    (output,) = TfliteReference(graph).run([sample])
    assert output.ravel().tolist() == known["person_detect_int8"] == [109, -109]
