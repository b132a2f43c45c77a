# SPDX-License-Identifier: Apache-2.0
"""How far functions of float32 are from TFLite's, whose last bits are those of a <math.h>."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgeinfer.graph import Graph
from edgeinfer.reference import Reference
from edgeinfer.verify import TfliteReference
from tests.ops.cases import CASES
from tests.ops.cases.common import activation, model

COUNT = 20_000
SMALLEST = float(np.finfo(np.float32).tiny)  # normal number; what is below may become 0


def network(op: str, options: dict[str, Any], kind: str, shape: tuple[int, ...]) -> Graph:
    return model(op, [activation("x", shape, None)], activation("y", shape, None), options, kind, 1)


# Units in the last place, or where results may be near 0 by cancellation the absolute error.
@pytest.mark.parametrize(
    ("op", "low", "high", "ulps", "absolute"),
    [
        ("EXP", -110, 90, 1, SMALLEST),
        ("LOG", 0, 20, 1, 0),
        ("LOG", 0, 3e38, 1, 0),
        ("SIN", -8192, 8192, 1, 2e-7),
        ("COS", -8192, 8192, 1, 2e-7),
        ("TANH", -10, 10, 2, 0),
        ("TANH", -0.01, 0.01, 2, 0),
        ("LOGISTIC", -100, 20, 2, SMALLEST),
        ("ELU", -20, 5, 2, 0),
        ("ELU", -0.01, 0.01, 2, 0),
        ("GELU", -6, 6, 2, 5e-7),
        ("GELU approximate", -6, 6, 2, 1e-6),
    ],
)
def test_functions(op: str, low: float, high: float, ulps: int, absolute: float) -> None:
    name, *rest = op.split()
    kind = "GeluOptions" if name == "GELU" else ""
    graph = network(name, {"approximate": bool(rest)} if kind else {}, kind, (COUNT,))
    x = np.random.default_rng(0).uniform(low, high, COUNT).astype(np.float32)
    close(graph, x, ulps, absolute)


@pytest.mark.parametrize("op", ["SOFTMAX", "LOG_SOFTMAX"])
@pytest.mark.parametrize("spread", [0.1, 3, 30])
def test_normalizations(op: str, spread: float) -> None:
    kind = "SoftmaxOptions" if op == "SOFTMAX" else "LogSoftmaxOptions"
    graph = network(op, {"beta": 1.0} if op == "SOFTMAX" else {}, kind, (COUNT // 20, 20))
    x = np.random.default_rng(0).normal(size=(COUNT // 20, 20)) * spread
    close(graph, x.astype(np.float32), 5, SMALLEST if op == "SOFTMAX" else 5e-7)


def close(graph: Graph, x: Any, ulps: int, absolute: float) -> None:
    wanted, got = TfliteReference(graph).run([x])[0], Reference(graph).run([x])[0]
    limit = np.maximum(ulps * np.spacing(np.abs(wanted)), np.float32(absolute))
    with np.errstate(invalid="ignore"):
        wrong = ~((wanted == got) | (np.abs(wanted - got) <= limit))
    assert not wrong.any(), list(zip(x[wrong], wanted[wrong], got[wrong], strict=True))[:5]


@pytest.mark.parametrize("op", ["EXP", "LOG", "SIN", "COS", "TANH", "LOGISTIC", "ELU"])
def test_the_ends_of_the_numbers(op: str) -> None:
    x = np.array([0, -0.0, np.inf, -np.inf, np.nan, 3e38, -3e38, 1e-30, -1e-30], np.float32)
    if op in ("SIN", "COS"):  # TFLite's argument reduction is exact beyond 8192 too
        x = x[np.abs(x) != np.float32(3e38)]
    got = Reference(network(op, {}, "", x.shape)).run([x])[0]
    wanted = TfliteReference(network(op, {}, "", x.shape)).run([x])[0]
    np.testing.assert_allclose(got, wanted, 1e-6, SMALLEST)


def test_lstm() -> None:
    """Sequences of one state: TFLite adds up in lanes, and its functions have other last bits."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        graph = CASES["UNIDIRECTIONAL_SEQUENCE_LSTM/float"](rng)
        oracle, own = TfliteReference(graph), Reference(graph)
        for _ in range(3):
            x = rng.normal(size=graph.tensors[0].shape).astype(np.float32)
            wanted, got = oracle.run([x])[0], own.run([x])[0]
            assert np.abs(wanted.astype(np.float64) - got).max() < 2e-6
