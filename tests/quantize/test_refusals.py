# SPDX-License-Identifier: Apache-2.0
"""What the quantizer refuses before it runs a sample, and in which words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeinfer.errors import DataError, EdgeinferError, ModelError, QuantizeError, UnsupportedError
from edgeinfer.graph import Graph
from edgeinfer.quantize import quantize
from tests.quantize.networks import Net, classifier, noise


def refuse(graph: Graph, kind: type[EdgeinferError], message: str, **options: object) -> None:
    """Refused with this message before a sample was looked at."""
    with pytest.raises(kind, match=message) as caught:
        quantize(graph, np.zeros(0), **options)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_what_cannot_be_quantized() -> None:
    graph = classifier()
    refuse(graph, QuantizeError, "no range method 'best'", ranges="best")
    refuse(graph, QuantizeError, "no percentile", ranges="percentile", percentile=3)
    refuse(graph, QuantizeError, "no I/O type 'uint8'", io="uint8")
    refuse(quantize(graph, noise(graph)).graph, QuantizeError, "quantized already")
    refuse(replace(graph, nodes=()), ModelError, "no layers")
    nodes = (replace(graph.nodes[0], op="UNIQUE"), *graph.nodes[1:])
    refuse(replace(graph, nodes=nodes), UnsupportedError, r"layer 0 \(UNIQUE 'conv_2d0'\)")
    tanh = replace(
        graph.nodes[0], options={**graph.nodes[0].options, "fused_activation_function": 4}
    )
    refuse(replace(graph, nodes=(tanh, *graph.nodes[1:])), UnsupportedError, "fused activation 4")
    half = graph.with_tensor(1, dtype=np.dtype(np.float16), data=np.zeros((4, 3, 3, 2), np.float16))
    refuse(half, QuantizeError, "float16")
    nan = graph.with_tensor(1, data=np.full((4, 3, 3, 2), np.nan, np.float32))
    refuse(nan, QuantizeError, "'const1' holds NaN")
    short = graph.with_tensor(2, shape=(3,), data=np.zeros(3, np.float32))
    refuse(short, ModelError, "bias of shape")
    refuse(
        graph.with_tensor(3, shape=(1, 7, 8, 4)),
        ModelError,
        r"layer 0 .* makes .* as the file says",
    )
    integer = graph.with_tensor(0, dtype=np.dtype(np.int32))
    refuse(integer, UnsupportedError, "'input0' is of type int32")


def test_weights_that_are_computed_are_refused() -> None:
    net = Net()
    a, b = net.input(1, 4), net.input(1, 4)
    out = net.op("FULLY_CONNECTED", a, b, -1, shape=(1, 1))
    refuse(net.graph(out), UnsupportedError, "input 1 .* not a constant")


def test_bad_samples_are_refused() -> None:
    graph = classifier()
    with pytest.raises(DataError, match="takes"):
        quantize(graph, np.ones((20, 3)))
