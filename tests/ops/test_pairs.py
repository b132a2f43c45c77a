# SPDX-License-Identifier: Apache-2.0
"""Filters in pairs at the limits of their arithmetic, and beyond, where another kernel is taken."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.native import BACKENDS
from edgeinfer.session import Session
from edgeinfer.verify import TfliteReference
from tests.ops.cases.common import activation, constant, model

LIMIT = 516  # inputs: 516 · 127 < 2**16


def pointwise(weights: Array, pixels: int, bias: int, scale: float) -> Graph:
    channels, n = weights.shape
    w = Quant(np.full(channels, 0.01, np.float32), np.zeros(channels, np.int64), 0)
    b = Quant(np.full(channels, 0.01, np.float32), np.zeros(channels, np.int64), 0)
    inputs = [
        activation("x", (1, 1, pixels, n), Quant.per_tensor(1.0, 0)),
        constant("w", weights.reshape(channels, 1, 1, n).astype(np.int8), w),
        constant("b", np.full(channels, bias, np.int32), b),
    ]
    y = activation("y", (1, 1, pixels, channels), Quant.per_tensor(scale, 3))
    options = {"padding": 0, "stride_h": 1, "stride_w": 1}
    return model("CONV_2D", inputs, y, options, "Conv2DOptions", 3)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("signs", [(127, 127), (127, -127), (-128, 127), (-127, -127)])
@pytest.mark.parametrize("n", [LIMIT, LIMIT + 1])
def test_the_largest_sums(channels: int, signs: tuple[int, int], n: int) -> None:
    weights = np.resize(np.array(signs), channels)[:, None] * np.ones((1, n), np.int64)
    graph = pointwise(weights, 6, bias=-70_000, scale=700.0)
    made = compile_graph(graph)
    fits = n <= LIMIT and (signs[0] > -128)
    assert [s.call.kernel for s in made.plan.steps] == ["conv_2d_pairs" if fits else "conv_2d"]
    x = np.empty((1, 1, 6, n), np.int8)
    x[:] = np.array([-128, 127, 0, -1, 1, 99]).reshape(1, 1, 6, 1)
    wanted = TfliteReference(graph).run([x])[0]
    for backend in BACKENDS:
        assert Session(made.image, backend).run([x])[0].tobytes() == wanted.tobytes()
    assert len(np.unique(wanted)) > 3


@pytest.mark.parametrize("lowest", [-127, -128])
def test_weights_of_minus_128_take_another_kernel(lowest: int) -> None:
    weights = np.array([[lowest, 127, lowest, lowest], [-1, lowest, 1, lowest]])
    graph = pointwise(weights, 5, bias=10, scale=2.0)
    made = compile_graph(graph)
    assert made.plan.steps[0].call.kernel == ("conv_2d" if lowest == -128 else "conv_2d_pairs")
    x = np.full((1, 1, 5, 4), -128, np.int8)
    x[0, 0, :3] = [[127, -128, 5, 0], [-1, 0, 1, -128], [-128, 127, -128, 127]]
    wanted = TfliteReference(graph).run([x])[0].tobytes()
    for backend in BACKENDS:
        assert Session(made.image, backend).run([x])[0].tobytes() == wanted
