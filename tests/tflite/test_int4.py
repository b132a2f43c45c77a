# SPDX-License-Identifier: Apache-2.0
"""INT4 weights: read to the int8 model that gives TFLite's bytes on the file itself."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Graph
from edgeinfer.lower import lower
from edgeinfer.session import Session
from edgeinfer.tflite.flat import Decoder, encode
from edgeinfer.tflite.reader import IDENTIFIER
from edgeinfer.tflite.schema import enum
from edgeinfer.verify import TfliteReference
from tests.ops.cases import CASES, samples


def packed(graph: Graph, tensor: int, cut: int = 0) -> bytes:
    """The file of a graph with a tensor of INT4, `cut` bytes of it missing."""
    model: dict[str, Any] = Decoder(tflite.write(graph)).root("Model")
    table = model["subgraphs"][0]["tensors"][tensor]
    table["type"] = enum("TensorType")["INT4"]
    data = graph.tensors[tensor].data
    if data is not None:
        low, high = np.resize(data.reshape(-1), (-(-data.size // 2), 2)).T.view(np.uint8) & 15
        raw = low | high << 4
        model["buffers"].append({"data": raw[: len(raw) - cut]})
        table["buffer"] = len(model["buffers"]) - 1
    builder = flatbuffers.Builder()
    builder.Finish(encode(builder, "Model", model), IDENTIFIER)
    return bytes(builder.Output())


def narrow(graph: Graph) -> Graph:
    """Weights of four bits."""
    data = graph.tensors[1].data
    assert data is not None
    return graph.with_tensor(1, data=data >> 4)


@pytest.mark.parametrize("op", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_weights_give_tflites_bytes(op: str) -> None:
    rng = np.random.default_rng([*op.encode()])
    for _ in range(20):
        wanted = narrow(CASES[op](rng))
        file = packed(wanted, 1)
        graph = tflite.read(file)
        assert np.array_equal(graph.tensors[1].data, wanted.tensors[1].data)
        quant = graph.tensors[1].quant
        # TFLite 2.14 refuses INT4 in FULLY_CONNECTED with a scale for each output.
        later = op == "FULLY_CONNECTED" and quant is not None and quant.per_channel
        session, oracle = (
            Session(compile_graph(graph).image),
            TfliteReference(wanted if later else file),
        )
        for inputs in samples(graph, rng, 3):
            got, right = session.run(inputs), oracle.run(inputs)
            assert [y.tobytes() for y in got] == [y.tobytes() for y in right]


def test_dense_layers_keep_their_weights_packed() -> None:
    """Two to a byte, but for cores with wide vectors."""
    rng = np.random.default_rng(1)
    wide = CASES["FULLY_CONNECTED"](rng)
    while wide.tensors[1].size < 400:
        wide = CASES["FULLY_CONNECTED"](rng)
    graph = tflite.read(packed(narrow(wide), 1))
    program = lower(graph)
    assert [call.kernel for call in program.calls] == ["fully_connected_nibbles"]
    out_c, in_c = graph.tensors[1].shape
    assert program.calls[0].consts["weights"].nbytes == -(-out_c // 2) * -(-in_c // 4) * 4
    assert lower(graph, "quads").calls[0].kernel == "fully_connected_quads"
    assert lower(wide).calls[0].kernel == "fully_connected_pairs"


def test_packed_weights_are_written_as_they_were_read() -> None:
    rng = np.random.default_rng(2)
    for op in ("CONV_2D", "FULLY_CONNECTED"):
        graph = tflite.read(packed(narrow(CASES[op](rng)), 1))
        assert graph.tensors[1].packed
        again = tflite.read(tflite.write(graph))
        assert again.tensors[1].packed
        assert np.array_equal(again.tensors[1].data, graph.tensors[1].data)
        assert len(tflite.write(graph)) < len(tflite.write(graph.with_tensor(1, packed=False)))
        with pytest.raises(UnsupportedError, match="4 bits do not hold"):
            tflite.write(graph.with_tensor(1, data=graph.tensors[1].data + np.int8(50)))


def test_a_pointwise_convolution_keeps_its_weights_packed() -> None:
    rng = np.random.default_rng(3)
    for _ in range(10):
        graph = CASES["CONV_2D/int4"](rng)
        (call,) = lower(graph).calls
        assert call.kernel == "fully_connected_nibbles"
        y = graph.tensors[graph.outputs[0]].shape
        assert (call.rows, call.row_bytes) == (y[0] * y[1], y[2] * y[3])
        assert "nibbles" not in lower(graph, "quads").calls[0].kernel
        assert "nibbles" not in lower(graph.with_tensor(1, packed=False)).calls[0].kernel


def test_an_activation_is_refused() -> None:
    graph = CASES["FULLY_CONNECTED"](np.random.default_rng(1))
    with pytest.raises(UnsupportedError, match="activation of INT4"):
        tflite.read(packed(graph, 0))


def test_missing_bytes_are_noticed() -> None:
    graph = narrow(CASES["FULLY_CONNECTED"](np.random.default_rng(1)))
    with pytest.raises(ModelError, match="numbers of 4 bits"):
        tflite.read(packed(graph, 1, cut=1))
