# SPDX-License-Identifier: Apache-2.0
"""Element-wise functions of one tensor, and SOFTMAX."""

from __future__ import annotations

from typing import Any

from edgeinfer.graph import Graph, Quant
from tests.ops.cases.common import CASES, Rng, activation, case, model, quant


def unary(
    op: str, rng: Rng, y: Quant | None, options: dict[str, Any], options_type: str, version: int
) -> Graph:
    shape = (1, *(int(n) for n in rng.integers(1, 9, 3)))
    x = quant(rng)
    return model(
        op,
        [activation("x", shape, x)],
        activation("y", shape, y or quant(rng)),
        options,
        options_type,
        version,
    )


CASES["RELU"] = lambda rng: unary("RELU", rng, None, {}, "", 2)
CASES["RELU6"] = lambda rng: unary("RELU6", rng, None, {}, "", 2)
CASES["LOGISTIC"] = lambda rng: unary("LOGISTIC", rng, Quant.per_tensor(1 / 256, -128), {}, "", 2)
CASES["QUANTIZE"] = lambda rng: (
    quantize_float(rng)
    if rng.random() < 0.5
    else unary("QUANTIZE", rng, None, {}, "QuantizeOptions", 2)
)


def quantize_float(rng: Rng) -> Graph:
    x = activation("x", (1, int(rng.integers(1, 50))), None)
    return model("QUANTIZE", [x], activation("y", x.shape, quant(rng)), {}, "QuantizeOptions", 1)


@case("DEQUANTIZE")
def dequantize(rng: Rng) -> Graph:
    x = activation("x", (1, int(rng.integers(1, 50))), quant(rng))
    return model("DEQUANTIZE", [x], activation("y", x.shape, None), {}, "DequantizeOptions", 2)


@case("SOFTMAX")
def softmax(rng: Rng) -> Graph:
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 60)))
    x = activation("x", shape, quant(rng))
    y = activation("y", shape, Quant.per_tensor(1 / 256, -128))
    return model("SOFTMAX", [x], y, {"beta": float(rng.choice([1.0, 0.5]))}, "SoftmaxOptions", 2)
