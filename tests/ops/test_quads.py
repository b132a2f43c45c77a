# SPDX-License-Identifier: Apache-2.0
"""Filters in quads: every length of a vector, number of channels and of vectors, and what they do
not take."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer.compile import compile_graph
from edgeinfer.native import BACKENDS, HOSTS
from edgeinfer.reference import run
from edgeinfer.session import Session
from tests.ops.test_pairs import pointwise

BUILDS = [name for name in HOSTS if name in BACKENDS]


@pytest.mark.parametrize("channels", [1, 4, 5, 8, 9, 15, 16, 17, 33])
def test_every_length_of_a_vector(channels: int) -> None:
    rng = np.random.default_rng(channels)
    for n in (*range(1, 36), 63, 64, 65, 129):
        pixels = n % 19 + 1  # from one vector to more than a block
        weights = rng.integers(-127, 128, (channels, n))
        graph = pointwise(weights, pixels, bias=-300, scale=1.5 * n**0.5)
        image = compile_graph(graph, layout="quads")
        assert image.plan.steps[0].call.kernel == "conv_2d_quads"
        x = rng.integers(-128, 128, (1, 1, pixels, n)).astype(np.int8)
        wanted = run(graph, [x])[0].tobytes()
        for build in BUILDS:
            assert Session(image.image, build).run([x])[0].tobytes() == wanted, (build, n)


def test_the_largest_sums() -> None:
    """Products of bytes at their limits, two of which meet in 16 bits on some cores."""
    weights = np.array([[127, 127] * 300, [-127, -127] * 300, [-127, 127] * 300])
    graph = pointwise(weights, 3, bias=70_000, scale=2000.0)
    image = compile_graph(graph, layout="quads").image
    x = np.full((1, 1, 3, 600), -128, np.int8)
    x[:, :, 1] = 127
    x[:, :, 2, ::2] = 127
    for build in BUILDS:
        assert Session(image, build).run([x])[0].tobytes() == run(graph, [x])[0].tobytes()


def test_weights_of_minus_128_take_another_kernel() -> None:
    made = compile_graph(pointwise(np.array([[1, -128]]), 2, bias=0, scale=2.0), layout="quads")
    assert made.plan.steps[0].call.kernel == "conv_2d"
