# SPDX-License-Identifier: Apache-2.0
"""Where the Cortex-M's shorter ways begin and end, which random models seldom meet: shifts, biases,
numbers of inputs and columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.image import read_image
from edgeinfer.verify import TfliteReference
from tests.conformance.bundle import Case, joined
from tests.conformance.core import Core
from tests.ops.cases.common import activation, constant, model, samples

pytestmark = pytest.mark.xdist_group("conformance")

SHIFTS = np.array([4, 5, 6, 8, 10, 11, 12, 16, 5, 11, 8])  # of the channels
SCALED = np.array([5, 6, 8, 10, 11, 12, 16, 5, 11, 8, 5])  # that one shift may serve
WIDTHS = [(1, 1), (2, 1), (5, 1), (18, 1), (51, 1), (3, 2), (37, 2), (64, 2), (9, 3)]  # and strides


def case_of(graph: Graph, kernel: str) -> Case:
    made = compile_graph(graph, passes=(), layout="pairs")
    assert [step.call.kernel for step in made.plan.steps] == [kernel]
    oracle = TfliteReference(graph)
    inputs = samples(graph, np.random.default_rng(7), 4)
    pairs = tuple((joined(one), joined(oracle.run(one))) for one in inputs)
    return Case(kernel, made.image, pairs, read_image(made.image).arena_bytes)


def scales(channels: int, shifts: object) -> Quant:
    """Of weights, for outputs of scale 1: multipliers from the least to the largest."""
    steps = np.linspace(0.5, 0.999, channels)
    real = steps * 0.5 ** np.resize(np.asarray(shifts, float), channels)
    return Quant(real.astype(np.float32), np.zeros(channels, np.int64), 0)


def windows(width: int, stride: int, zero: int, act: int, bias: int, shifts: Array) -> Graph:
    """A depthwise 3x3 convolution, each channel with another shift."""
    rng, channels = np.random.default_rng(width), len(shifts)
    q = scales(channels, shifts)
    w = rng.integers(-127, 128, (1, 3, 3, channels)).astype(np.int8)
    w[..., :3], w[..., -1] = np.array([127, -127, -128]), 127
    b = np.resize([0, bias, -bias], channels).astype(np.int32)
    x = activation("x", (1, 4, width, channels), Quant.per_tensor(1.0, -128 if bias else 5))
    q = Quant(q.scale, q.zero_point, 3)
    inputs = [x, constant("w", w, q), constant("b", b, Quant(q.scale, q.zero_point, 0))]
    y = activation(
        "y", (1, -(-4 // stride), -(-width // stride), channels), Quant.per_tensor(1.0, zero)
    )
    options = {"padding": 0, "stride_h": stride, "stride_w": stride, "depth_multiplier": 1}
    options["fused_activation_function"] = act
    return model("DEPTHWISE_CONV_2D", inputs, y, options, "DepthwiseConv2DOptions", 3)


def pixels(n: int, channels: int, zero: int, act: int, bias: int) -> Graph:
    """A pointwise convolution of n inputs."""
    rng = np.random.default_rng(n)
    q = scales(channels, [1, 5, 9, 16] if n % 8 else [1, 5, 17])
    w = rng.integers(-127, 128, (channels, 1, 1, n)).astype(np.int8)
    w[0], w[-1] = 127, -127
    b = np.resize([0, bias - 128 * 127 * n, 128 * 127 * n - bias], channels).astype(np.int32)
    x = activation("x", (1, 1, 9, n), Quant.per_tensor(1.0, 0))
    inputs = [x, constant("w", w, q), constant("b", b, q)]
    y = activation("y", (1, 1, 9, channels), Quant.per_tensor(1.0, zero))
    options = {"padding": 0, "stride_h": 1, "stride_w": 1, "fused_activation_function": act}
    return model("CONV_2D", inputs, y, options, "Conv2DOptions", 3)


@pytest.mark.parametrize("name", ["M4", "M0 large"])
def test_every_byte_at_the_limits(name: str, tmp_path: Path) -> None:
    cases = [
        case_of(windows(width, stride, zero, act, bias, SHIFTS), "depthwise_conv_3x3")
        for width, stride in WIDTHS
        for zero, act, bias in [
            (-128, 0, 3000),
            (-128, 1, (1 << 29) - 1),
            (0, 1, 1 << 21),
            (7, 0, 9),
        ]
    ]
    cases += [
        case_of(windows(width, stride, zero, 1, bias, SCALED), "depthwise_conv_3x3_scaled")
        for width, stride in WIDTHS
        for zero, bias in [(-128, 0), (-128, (1 << 19) - 1), (0, 1 << 17), (126, 9)]
    ]
    for n in range(1, 45, 2):
        for zero, act, bias in [(-128, 0, (1 << 23) - 1), (-9, 1, 1 << 23), (3, 0, 1 << 22)]:
            cases.append(case_of(pixels(n, 3 + n % 4, zero, act, bias), "conv_2d_pairs"))
    core = Core(name, tmp_path)
    assert not core.missing, f"{core.missing} missing: run .ci/setup"
    assert core.run(cases) == dict.fromkeys(range(len(cases)), 0)
