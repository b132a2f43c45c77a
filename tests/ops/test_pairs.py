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

EXACT = 64 * float(np.float32(0.01))  # halves are rounded
LIMIT = 516  # inputs: 516 · 127 < 2**16


def pointwise(
    weights: Array, pixels: int, bias: int, scale: float, *, zero: int = 3, relu: bool = False
) -> Graph:
    channels, n = weights.shape
    w = Quant(np.full(channels, 0.01, np.float32), np.zeros(channels, np.int64), 0)
    b = Quant(np.full(channels, 0.01, np.float32), np.zeros(channels, np.int64), 0)
    inputs = [
        activation("x", (1, 1, pixels, n), Quant.per_tensor(1.0, 0)),
        constant("w", weights.reshape(channels, 1, 1, n).astype(np.int8), w),
        constant("b", np.full(channels, bias, np.int32), b),
    ]
    y = activation("y", (1, 1, pixels, channels), Quant.per_tensor(scale, zero))
    options = {"padding": 0, "stride_h": 1, "stride_w": 1, "fused_activation_function": int(relu)}
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


@pytest.mark.parametrize("zero", [-128, -7, 127])
@pytest.mark.parametrize("scale", [0.03, 0.5, EXACT, 1000.0, 2000.0])  # shifts of 1, 5, 5, 16, 17
@pytest.mark.parametrize("most", [(1 << 23) - 1, 1 << 23])
def test_rectified_sums(zero: int, scale: float, most: int) -> None:
    """Rounded once behind a ReLU, with one shift, as long as there are numbers for it."""
    n = 8
    weights = np.array([[1], [-1], [127], [-3], [0], [5], [-127]]) * np.ones((1, n), np.int64)
    for bias in (0, most - 128 * 127 * n, -(most - 128 * 127 * n)):
        graph = pointwise(weights, 261, bias, scale, zero=zero, relu=True)
        made = compile_graph(graph)
        (step,) = made.plan.steps
        assert step.call.kernel == "conv_2d_pairs"
        assert bias or int(step.call.consts["weights"][0]) & 1 == (scale > 0.03 or zero == 127)
        x = np.zeros((1, 1, 261, n), np.int8)
        x[0, 0, :256] = np.arange(-128, 128)[:, None]
        x[0, 0, ::2, 7] += 1  # -1: halves
        wanted = TfliteReference(graph).run([x])[0]
        for backend in BACKENDS:
            assert Session(made.image, backend).run([x])[0].tobytes() == wanted.tobytes()


@pytest.mark.parametrize("layout", ["pairs", "quads"])
@pytest.mark.parametrize("channels", [1, 2, 3, 5, 7, 11])
@pytest.mark.parametrize("rows", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2])
def test_rows_of_windows_that_are_no_words(
    layout: str, channels: int, rows: int, stride: int
) -> None:
    """What is left of each row beside its words, or rows shorter than a vector."""
    rng = np.random.default_rng([channels, rows, stride])
    w = rng.integers(-127, 128, (4, rows, 3, channels)).astype(np.int8)
    q = Quant(np.full(4, 0.01, np.float32), np.zeros(4, np.int64), 0)
    inputs = [
        activation("x", (1, 9, 23, channels), Quant.per_tensor(1.0, 5)),
        constant("w", w, q),
        constant("b", np.array([0, 100, -100, 5], np.int32), q),
    ]
    shape = (1, (9 - rows) // stride + 1, 20 // stride + 1, 4)
    y = activation("y", shape, Quant.per_tensor(4.0, -3))
    options = {"padding": 1, "stride_h": stride, "stride_w": stride, "fused_activation_function": 0}
    graph = model("CONV_2D", inputs, y, options, "Conv2DOptions", 3)
    made = compile_graph(graph, layout=layout)
    assert [s.call.kernel for s in made.plan.steps] == [f"conv_2d_{layout}"]
    x = rng.integers(-128, 128, (1, 9, 23, channels)).astype(np.int8)
    wanted = TfliteReference(graph).run([x])[0]
    assert len(np.unique(wanted)) > 50
    for backend in BACKENDS:
        assert Session(made.image, backend).run([x])[0].tobytes() == wanted.tobytes()
