# SPDX-License-Identifier: Apache-2.0
"""Layers that PyTorch exported, with its inputs and outputs, as they come with the package onnx."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.backend.test
import pytest
from onnx import numpy_helper

from edgeinfer import reference
from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Array
from edgeinfer.onnx.reader import Reader

DATA = Path(onnx.backend.test.__file__).parent / "data"
CASES = sorted(
    p for kind in ("converted", "operator") for p in (DATA / f"pytorch-{kind}").iterdir()
)
# What is refused, by a part of the test's name: three dimensions, whole numbers, matrices that are
# no weights, and operators and options without a counterpart.
REFUSED = (
    "3d", "Embedding", "_add_", "addconstant", "addmm", "_mm", "non_float", "ELU", "SELU", "selu",
    "LogSoftmax", "log_softmax", "padding_dilation", "ReplicationPad", "Softplus", "repeat",
    "symbolic_override", "pow",
)  # fmt: skip


def stored(path: Path) -> Array:
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return np.asarray(numpy_helper.to_array(tensor))


@pytest.mark.parametrize("case", CASES, ids=[p.name for p in CASES])
def test_a_layer_of_pytorch(case: Path) -> None:
    reader = Reader(onnx.load(str(case / "model.onnx")))
    try:
        graph = reader.read()
    except UnsupportedError as error:
        assert any(part in case.name for part in REFUSED), error
        return
    data = case / "test_data_set_0"
    inputs = []
    for t, path in zip(graph.inputs, sorted(data.glob("input_*.pb")), strict=True):
        x = stored(path)
        last = reader.values[reader.graph.input[len(inputs)].name].last
        inputs.append(np.ascontiguousarray(np.moveaxis(x, 1, -1)) if last else x)
        assert inputs[-1].shape == graph.tensors[t].shape
    wanted = [stored(path) for path in sorted(data.glob("output_*.pb"))]
    outputs = zip(reference.run(graph, inputs), wanted, reader.graph.output, strict=True)
    for got, want, output in outputs:
        turned = np.moveaxis(want, 1, -1) if reader.values[output.name].last else want
        np.testing.assert_allclose(got, turned, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["densenet121", "inception_v2", "resnet50", "shufflenet", "squeezenet"]
)
def test_known_networks_are_read_without_transpositions_between_convolutions(name: str) -> None:
    graph = Reader(onnx.load(str(DATA / "light" / f"light_{name}.onnx"))).read()
    moved = [node for node in graph.nodes if node.op == "TRANSPOSE"]
    assert graph.tensors[graph.inputs[0]].shape == (1, 224, 224, 3)
    assert len(moved) <= (48 if name == "shufflenet" else 0)  # it mixes channels by transposing
