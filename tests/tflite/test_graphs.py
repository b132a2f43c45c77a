# SPDX-License-Identifier: Apache-2.0
"""Graphs made by hand: what the writer keeps, and what reader and writer refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.errors import EdgeinferError, ModelError, UnsupportedError
from edgeinfer.graph import Graph, Node, Quant, Tensor
from tests.tflite.same import assert_same

INT8 = np.dtype(np.int8)
INT32 = np.dtype(np.int32)


def small_graph() -> Graph:
    """Two fully connected layers that share their weights, a custom operator, all the trimmings."""
    weights = np.arange(-8, 8, dtype=np.int8).reshape(4, 4)
    activation = Quant.per_tensor(0.5, -3)
    per_channel = Quant(np.array([0.1, 0.2, 0.3, 0.4], np.float32), np.zeros(4, np.int64), 0)
    options = {
        "fused_activation_function": 1,
        "weights_format": 0,
        "keep_num_dims": False,
        "asymmetric_quantize_inputs": False,
        "quantized_bias_type": 0,
    }
    inner = Graph(
        (Tensor("in", (2,), INT8), Tensor("out", (2,), INT8)),
        (Node("RELU", (0,), (1,)),),
        (0,),
        (1,),
        "inner",
    )
    return Graph(
        tensors=(
            Tensor("x", (1, 4), INT8, activation),
            Tensor("w", (4, 4), INT8, per_channel, weights),
            Tensor("same w", (4, 4), INT8, per_channel, weights.copy()),
            Tensor("b", (4,), INT32, per_channel, np.array([1, -2, 3, -(2**31)], np.int32)),
            Tensor("h", (1, 4), INT8, activation),
            Tensor("y", (1, 4), INT8, activation),
            Tensor("z", (1, 4), INT8, activation),
            Tensor("state", (1, 4), INT8, activation, is_variable=True),
            Tensor("scalar", (), INT32, None, np.array(7, np.int32)),
            Tensor("nothing", (0,), INT32, None, np.zeros(0, np.int32)),
        ),
        nodes=(
            Node("FULLY_CONNECTED", (0, 1, 3), (4,), options, "FullyConnectedOptions", version=4),
            Node("FULLY_CONNECTED", (4, 2, -1), (5,), options, "FullyConnectedOptions", version=6),
            Node("CUSTOM:Mix", (5, 7, 8, 9), (6,), {"intermediates": (7,)}, custom=b"\0\1\2"),
        ),
        inputs=(0,),
        outputs=(6, 5),
        name="main",
        metadata={"min_runtime_version": b"2.3.0\0", "notes": b"", "w": weights.tobytes()},
        signatures=(
            {"key": "serve", "inputs": {"x": 0}, "outputs": {"z": 6, "y": 5}, "subgraph": 0},
        ),
        subgraphs=(inner,),
        description="made by hand",
    )


def test_keeps_everything() -> None:
    graph = small_graph()
    data = tflite.write(graph)
    assert data[4:8] == b"TFL3"
    assert_same(graph, tflite.read(data))
    assert data == tflite.write(small_graph()) == tflite.write(tflite.read(data))


def test_constants_are_shared_and_aligned() -> None:
    import tflite as schema

    data = tflite.write(small_graph())
    model = schema.Model.GetRootAs(data)
    part = model.Subgraphs(0)
    assert model.BuffersLength() == 5  # none, w, b, scalar, version
    assert part.Tensors(1).Buffer() == part.Tensors(2).Buffer() == model.Metadata(2).Buffer()
    assert model.Buffers(0).DataLength() == part.Tensors(0).Buffer() == 0
    for index in range(1, model.BuffersLength()):
        constant = model.Buffers(index).DataAsNumpy().tobytes()
        assert any(data.startswith(constant, at) for at in range(0, len(data), 16))
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    assert [(c.BuiltinCode(), c.DeprecatedBuiltinCode(), c.Version()) for c in codes] == [
        (9, 9, 4),
        (9, 9, 6),
        (32, 32, 1),
        (19, 19, 1),
    ]
    assert codes[2].CustomCode() == b"Mix"


def test_operator_code_beyond_127() -> None:
    import tflite as schema

    graph = with_node(small_graph(), 2, op="GELU", custom=b"", options={})
    data = tflite.write(graph)
    assert_same(graph, tflite.read(data))
    code = schema.Model.GetRootAs(data).OperatorCodes(2)
    assert (code.BuiltinCode(), code.DeprecatedBuiltinCode()) == (150, 127)


def test_constants_are_read_only() -> None:
    data = tflite.read(tflite.write(small_graph())).tensors[1].data
    assert data is not None
    with pytest.raises(ValueError, match="read-only"):
        data[0, 0] = 1


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", "c8", "c16", "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
)
def test_types(dtype: str) -> None:
    data = np.array([[0, 1, 1]], dtype)
    graph = Graph((Tensor("c", data.shape, data.dtype, None, data),), (), (), (0,))
    assert_same(graph, tflite.read(tflite.write(graph)))


@pytest.mark.parametrize(("axis", "repaired"), [(0, 0), (3, 0), (-1, 0), (2, 0)])
def test_stale_axis_is_repaired(axis: int, repaired: int) -> None:
    graph = small_graph().with_tensor(3, quant=quant(4, axis=0))
    read = tflite.read(with_axis(graph, 3, axis))
    found = read.tensors[3].quant
    assert found is not None
    assert found.axis == repaired


def test_ambiguous_axis_is_refused() -> None:
    with pytest.raises(ModelError, match="do not fit its dimension 7"):
        tflite.read(with_axis(small_graph(), 1, 7))  # 4 × 4: which one?


def with_axis(graph: Graph, tensor: int, axis: int) -> bytes:
    """A file with a quantized_dimension that the writer would refuse."""
    import flatbuffers

    from edgeinfer.tflite.flat import Decoder, encode

    model = Decoder(tflite.write(graph)).root("Model")
    model["subgraphs"][0]["tensors"][tensor]["quantization"]["quantized_dimension"] = axis
    builder = flatbuffers.Builder(0)
    builder.Finish(encode(builder, "Model", model), b"TFL3")
    return bytes(builder.Output())


def with_node(graph: Graph, index: int, **changes: Any) -> Graph:
    nodes = list(graph.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return replace(graph, nodes=tuple(nodes))


def quant(count: int, scale: float = 1.0, zero_point: int = 0, axis: int = 0) -> Quant:
    return Quant(np.full(count, scale, np.float32), np.full(count, zero_point, np.int64), axis)


def bad_graphs() -> dict[str, Graph]:
    """One contradiction each."""
    good = small_graph()
    signature = {"key": "s", "inputs": {"x": 99}, "outputs": {}, "subgraph": 0}
    return {
        "input that is no tensor": replace(good, inputs=(10,)),
        "negative input": replace(good, inputs=(-1,)),
        "input that is a constant": replace(good, inputs=(0, 1)),
        "output that is no tensor": replace(good, outputs=(99,)),
        "output never made": replace(good, nodes=good.nodes[:2]),
        "node input that is no tensor": with_node(good, 0, inputs=(0, 1, 10)),
        "node input −2": with_node(good, 0, inputs=(0, 1, -2)),
        "node output that is no tensor": with_node(good, 0, outputs=(-1,)),
        "used before it is made": with_node(good, 0, inputs=(5, 1, 3)),
        "made twice": with_node(good, 1, outputs=(4,)),
        "writes the input": with_node(good, 0, outputs=(0,)),
        "writes a constant": with_node(good, 0, outputs=(1,)),
        "nine dimensions": good.with_tensor(0, shape=(1,) * 9),
        "negative dimension": good.with_tensor(0, shape=(1, -4)),
        "huge": good.with_tensor(0, shape=(2**30, 2**30)),
        "data of another shape": good.with_tensor(3, shape=(5,), quant=None),
        "data of another type": good.with_tensor(3, dtype=INT8, quant=None),
        "variable constant": good.with_tensor(8, is_variable=True),
        "scale 0": good.with_tensor(0, quant=quant(1, 0.0)),
        "negative scale": good.with_tensor(0, quant=quant(1, -1.0)),
        "scale NaN": good.with_tensor(0, quant=quant(1, float("nan"))),
        "scale infinite": good.with_tensor(0, quant=quant(1, float("inf"))),
        "zero point 128": good.with_tensor(0, quant=quant(1, zero_point=128)),
        "zero point of 64 bits": good.with_tensor(
            0, dtype=np.dtype(np.float32), quant=quant(1, zero_point=2**40)
        ),
        "three scales": good.with_tensor(1, quant=quant(3)),
        "axis 2": good.with_tensor(1, quant=quant(4, axis=2)),
        "no scale": good.with_tensor(0, quant=quant(0)),
        "signature of no tensor": replace(good, signatures=(signature,)),
        "signature of no subgraph": replace(good, signatures=({**signature, "subgraph": 2},)),
        "options without a table": with_node(good, 2, options={"axis": 1}),
        "unknown option": with_node(good, 0, options={"colour": 1}),
        "unknown operator": with_node(good, 2, op="CONV_7D"),
        "custom without a colon": with_node(good, 2, op="CUSTOM"),
        "name on a builtin": with_node(good, 2, op="CONV_2D:x"),
        "type without number": good.with_tensor(0, dtype=np.dtype("U3"), quant=None),
    }


@pytest.mark.parametrize("name", bad_graphs())
def test_refuses(name: str) -> None:
    with pytest.raises(EdgeinferError) as caught:
        tflite.write(bad_graphs()[name])
    assert isinstance(caught.value, (ModelError, UnsupportedError))
    assert caught.value.remedy


def test_an_unknown_type_is_named() -> None:
    import flatbuffers

    from edgeinfer.tflite.flat import Decoder, encode
    from edgeinfer.tflite.schema import enum

    model = Decoder(tflite.write(small_graph())).root("Model")
    model["subgraphs"][0]["tensors"][1]["type"] = enum("TensorType")["STRING"]
    builder = flatbuffers.Builder(0)
    builder.Finish(encode(builder, "Model", model), b"TFL3")
    with pytest.raises(UnsupportedError, match="'w' is of type STRING"):
        tflite.read(bytes(builder.Output()))


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    tflite.write_file(path, small_graph())
    tflite.write_file(str(path), small_graph())  # again, over itself
    assert_same(small_graph(), tflite.read_file(path))
    assert_same(small_graph(), tflite.read(str(path)))
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o444


@pytest.mark.parametrize("name", ["missing.tflite", ".", "a/b/c.tflite", "nul\0.tflite"])
def test_unreadable_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"(?s)Cannot read .* Give the path"):
        tflite.read_file(tmp_path / name)


@pytest.mark.parametrize("name", [".", "a/b/c.tflite", "nul\0.tflite"])
def test_unwritable_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="Cannot write"):
        tflite.write_file(tmp_path / name, small_graph())
    assert list(tmp_path.iterdir()) == []


def test_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "text.tflite"
    path.write_text("not a model")
    with pytest.raises(ModelError, match=r"text\.tflite: This is not a \.tflite model"):
        tflite.read(path)
