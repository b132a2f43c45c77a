# SPDX-License-Identifier: Apache-2.0
"""Small models as images, and what the host makes of the input that the examples use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeinfer.boards.board import LAYOUTS, SMALL
from edgeinfer.compile import compile_graph
from edgeinfer.export import export
from edgeinfer.image import read_image
from edgeinfer.session import Session
from tests.board.conftest import two_inputs
from tests.ops.cases import common as cases
from tests.test_state import stream

__all__ = ["export"]


def tiny(name: str = "tiny", layout: str = LAYOUTS[0]) -> bytes:
    """The image of a model that fits an Uno: scores = dense(x), and their softmax."""
    rng = np.random.default_rng(3)
    weights = rng.integers(-90, 91, (5, 8)).astype(np.int8)
    bias = rng.integers(-300, 300, 5).astype(np.int32)
    q = cases.Quant.per_tensor
    graph = cases.Graph(
        (
            cases.activation("x", (1, 8), q(0.02, 3)),
            cases.constant("w", weights, q(0.01, 0)),
            cases.constant("b", bias, q(0.0002, 0)),
            cases.activation("scores", (1, 5), q(0.02, -4)),
            cases.activation("p", (1, 5), q(1 / 256, -128)),
        ),
        (
            cases.Node(
                "FULLY_CONNECTED",
                (0, 1, 2),
                (3,),
                {"fused_activation_function": 0, "keep_num_dims": False, "weights_format": 0},
                "FullyConnectedOptions",
            ),
            cases.Node("SOFTMAX", (3,), (4,), {"beta": 1.0}, "SoftmaxOptions"),
        ),
        (0,),
        (4,),
        name=name,
    )
    return compile_graph(graph, strip=True, layout=layout).image


@pytest.fixture(scope="session")
def small() -> bytes:
    """The same for size."""
    return tiny(layout=SMALL)


@pytest.fixture(scope="session")
def one() -> bytes:
    """One input of 8 bytes, one output of 5."""
    return tiny()


@pytest.fixture(scope="session")
def two() -> bytes:
    """Two inputs and two outputs."""
    return compile_graph(replace(two_inputs(), name="two"), strip=True).image


@pytest.fixture(scope="session")
def stateful() -> bytes:
    """One with state, which does not start with zeros."""
    return compile_graph(replace(stream(), name="stateful"), strip=True).image


def example_output(image: bytes) -> list[int]:
    """Output bytes for the input that the examples make, as the host computes them."""
    facts = read_image(image)
    size = sum(io.bytes for io in facts.inputs)
    data, inputs, at = bytes(i * 7 % 256 for i in range(size)), [], 0
    for io in facts.inputs:
        inputs.append(np.frombuffer(data[at : at + io.bytes], io.dtype).reshape(io.dims))
        at += io.bytes
    return list(b"".join(y.tobytes() for y in Session(image).run(inputs)))


def said(text: str) -> dict[str, list[str]]:
    """The words after the first one of each line, by the first one."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.split()}
