# SPDX-License-Identifier: Apache-2.0
"""Element-wise functions of one tensor, and SOFTMAX."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.graph import Graph, Quant, Tensor
from tests.ops.cases.common import (
    CASES,
    Rng,
    activation,
    bounded,
    case,
    model,
    pick,
    plain,
    quant,
    scale,
    shape_of,
)


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
for _op in ("RELU_N1_TO_1", "RELU_0_TO_1", "HARD_SWISH", "ELU", "ABS"):
    _table = {"HARD_SWISH": "HardSwishOptions", "ABS": "AbsOptions"}.get(_op, "")
    CASES[_op] = lambda rng, op=_op, table=_table: unary(op, rng, own(op, rng), {}, table, 1)
for _op in ("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "ABS", "NEG", "SQRT", "RSQRT", "SQUARE",
            "FLOOR", "CEIL", "ROUND", "HARD_SWISH", "L2_NORMALIZATION"):  # fmt: skip
    CASES[f"{_op}/float"] = lambda rng, op=_op: floating(rng, op)
CASES["LEAKY_RELU/float"] = lambda rng: floating(
    rng, "LEAKY_RELU", {"alpha": float(np.float32(rng.normal()))}, "LeakyReluOptions"
)
# Those of the oracle are its <math.h>'s: tests/ops/test_float_functions.py compares.
for _op in ("EXP", "LOG", "SIN", "COS", "TANH", "LOGISTIC", "ELU", "SOFTMAX", "LOG_SOFTMAX",
            "GELU"):  # fmt: skip
    _name = _op if _op in ("SIN", "COS") else f"{_op}/float"
    case(_name, oracle=False)(lambda rng, op=_op: floating(rng, op, *options_of(op, rng)))
case("LOG", oracle=False)(lambda rng: unary("LOG", rng, None, {}, "", 1))
CASES["TANH"] = lambda rng: unary("TANH", rng, Quant.per_tensor(1 / 128, 0), {}, "", 1)
CASES["GELU"] = lambda rng: unary(
    "GELU", rng, None, {"approximate": bool(rng.integers(0, 2))}, "GeluOptions", 1
)
CASES["LEAKY_RELU"] = lambda rng: unary(
    "LEAKY_RELU", rng, None, {"alpha": float(np.float32(rng.normal()))}, "LeakyReluOptions", 1
)


@case("ABS/int32")
def absolute(rng: Rng) -> Graph:
    """But for the least number, which traps in the oracle."""
    shape = tuple(int(n) for n in rng.integers(1, 9, 3))
    x = bounded(-(1 << 31) + 1, 1 << 31, shape)
    return model("ABS", [x], plain("y", shape, np.int32), {}, "", 1)


@case("NEG")
def neg(rng: Rng) -> Graph:
    shape, dtype = shape_of(rng), pick(rng, (np.int32, np.int64))
    inputs = [plain("x", shape, dtype)]
    return model("NEG", inputs, plain("y", shape, dtype), {}, "NegOptions", 1)


def own(op: str, rng: Rng) -> Quant | None:
    """An output scale that a function needs: without shifts to the left, within float32."""
    if op == "HARD_SWISH":
        return Quant.per_tensor(
            float(np.float32(rng.uniform(0.01, 1))), int(rng.integers(-128, 128))
        )
    return None


def options_of(op: str, rng: Rng) -> tuple[dict[str, Any], str]:
    match op:
        case "GELU":
            return {"approximate": bool(rng.integers(0, 2))}, "GeluOptions"
        case "SOFTMAX":
            return {"beta": float(rng.choice([1.0, 0.5]))}, "SoftmaxOptions"
        case _:
            return {}, "LogSoftmaxOptions" if op == "LOG_SOFTMAX" else ""


def floating(
    rng: Rng, op: str, options: dict[str, Any] | None = None, options_type: str = ""
) -> Graph:
    shape = tuple(int(n) for n in rng.integers(1, 9, 3))
    # CEIL of (-1, 0) is -0 by C's ceil, as in TFLM, and +0 in the oracle, whose kernel is Eigen's.
    name = "0..200" if op == "CEIL" else "x"
    return model(
        op,
        [activation(name, shape, None)],
        activation("y", shape, None),
        options or {},
        options_type,
        1,
    )


@case("EXP")
def exp(rng: Rng) -> Graph:
    """Results within int32, where TFLite's cast is defined."""
    shape = tuple(int(n) for n in rng.integers(1, 9, 3))
    x = Quant.per_tensor(float(np.float32(rng.uniform(0.001, 0.05))), int(rng.integers(-128, 128)))
    y = activation("y", shape, quant(rng))
    return model("EXP", [activation("x", shape, x)], y, {}, "ExpOptions", 1)


@case("RSQRT")
def rsqrt(rng: Rng) -> Graph:
    """Zero points at the lower edge only: TFLite refuses to run below zero."""
    shape = tuple(int(n) for n in rng.integers(1, 9, 3))
    x = activation("x", shape, Quant.per_tensor(scale(rng), -128))
    return model("RSQRT", [x], activation("y", shape, quant(rng)), {}, "", 2)


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
    bits, dtype = pick(rng, ((8, np.int8), (8, np.int8), (16, np.int16)))
    y = Tensor("y", shape, np.dtype(dtype), Quant.per_tensor(0.5**bits, -(1 << (bits - 1))))
    return model("SOFTMAX", [x], y, {"beta": float(rng.choice([1.0, 0.5]))}, "SoftmaxOptions", 2)


@case("LOG_SOFTMAX")
def log_softmax(rng: Rng) -> Graph:
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 60)))
    x = activation("x", shape, quant(rng))
    y = activation("y", shape, Quant.per_tensor(16 / 256, 127))
    return model("LOG_SOFTMAX", [x], y, {}, "LogSoftmaxOptions", 2)


def any_quant(rng: Rng, dtype: str) -> Quant:
    """A scale and a zero point of the type; 0 for int16 and int32, as TFLite demands."""
    low, high = {"int8": (-128, 128), "uint8": (0, 256)}.get(dtype, (0, 1))
    return Quant.per_tensor(scale(rng), int(rng.integers(low, high)))


@case("QUANTIZE/types")
def quantize_types(rng: Rng) -> Graph:
    """All pairs that the oracle has; int8 to int16 and int32 are of TFLM, by the same formula."""
    pairs = [
        ("float32", "uint8"), ("float32", "int16"), ("int8", "uint8"), ("uint8", "int8"),
        ("uint8", "uint8"), ("int16", "int8"), ("int16", "int16"), ("int16", "int32"),
        ("int32", "int8"), ("int32", "int16"),
    ]  # fmt: skip
    source, target = pick(rng, pairs)
    shape = (1, int(rng.integers(1, 50)))
    q = None if source == "float32" else any_quant(rng, source)
    if source == "int32" and rng.random() < 0.3:
        q = None  # its scale counts as 0
    # Of int32 small numbers: TFLite's scaling of large ones overflows.
    name = "-30000..30000" if source == "int32" else "x"
    x, y = Tensor(name, shape, np.dtype(source), q), any_quant(rng, target)
    return model("QUANTIZE", [x], Tensor("y", shape, np.dtype(target), y), {}, "QuantizeOptions", 1)


@case("DEQUANTIZE/types")
def dequantize_types(rng: Rng) -> Graph:
    dtype = ("uint8", "int16")[int(rng.integers(0, 2))]
    x = Tensor("x", (1, int(rng.integers(1, 50))), np.dtype(dtype), any_quant(rng, dtype))
    return model("DEQUANTIZE", [x], activation("y", x.shape, None), {}, "DequantizeOptions", 1)


@case("DEQUANTIZE/float16")
def dequantize_float16(rng: Rng) -> Graph:
    """Weights that a converter stored as float16: the output is a constant."""
    data = rng.normal(size=(3, int(rng.integers(1, 9)))).astype(np.float16)
    x = Tensor("x", data.shape, data.dtype, None, data)
    return model("DEQUANTIZE", [x], activation("y", x.shape, None), {}, "DequantizeOptions", 1)


@case("L2_NORMALIZATION")
def l2_normalization(rng: Rng) -> Graph:
    shape = tuple(int(n) for n in rng.integers(1, 30, int(rng.integers(1, 4))))
    x, y = activation("x", shape, quant(rng)), Quant.per_tensor(1 / 128, 0)
    return model("L2_NORMALIZATION", [x], activation("y", shape, y), {}, "L2NormOptions", 2)
