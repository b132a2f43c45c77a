# SPDX-License-Identifier: Apache-2.0
"""The public models: read, written, read again, and run by TFLite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_runtime.interpreter import Interpreter, OpResolverType

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array
from edgeinfer.session import Session
from edgeinfer.tflite.schema import enum
from edgeinfer.verify import random_inputs
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
    for reference in (True, False):
        rewritten = run(data, reference)
        if path.stem == "person_detect_int8":  # TFLite refuses the original
            continue
        for a, b in zip(run(path.read_bytes(), reference), rewritten, strict=True):
            assert a.tobytes() == b.tobytes()


def test_repaired_person_detect(shared: Path) -> None:
    path = shared / "models" / "int8" / "person_detect_int8.tflite"
    graph = tflite.read(path)
    biases = [t for t in graph.tensors if t.dtype == np.int32 and t.quant and t.quant.per_channel]
    assert biases
    assert {t.quant.axis for t in biases if t.quant} == {0}
    known = json.loads((shared / "baselines" / "tflm_outputs.json").read_text())["outputs"]
    (output,) = run(tflite.write(graph), reference=True)
    assert output.ravel().tolist() == known["person_detect_int8"] == [109, -109]


def run(model: bytes, reference: bool) -> list[Array]:
    """TFLite's outputs for a seeded input."""
    kinds = OpResolverType
    tf: Any = Interpreter(
        model_content=model,
        experimental_op_resolver_type=kinds.BUILTIN_REF if reference else kinds.AUTO,
    )
    tf.allocate_tensors()
    random = np.random.RandomState(0)
    for entry in tf.get_input_details():
        size = int(np.prod(entry["shape"]))
        value: Array
        if entry["dtype"] == np.int8:
            value = random.randint(-128, 128, size=size)
        else:
            value = random.random_sample(size)
        tf.set_tensor(entry["index"], value.astype(entry["dtype"]).reshape(entry["shape"]))
    tf.invoke()
    return [tf.get_tensor(entry["index"]) for entry in tf.get_output_details()]
