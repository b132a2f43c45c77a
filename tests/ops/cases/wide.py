# SPDX-License-Identifier: Apache-2.0
"""16x8: int16 activations, int8 weights, int64 biases. And convolutions in groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.graph import Graph, Quant, Tensor
from edgeinfer.tflite.options import options_type
from tests.ops.cases import arithmetic
from tests.ops.cases.common import (
    CASES,
    I16,
    Rng,
    activation,
    bias,
    case,
    channel_quant,
    constant,
    model,
    out_sizes,
    output_scale,
    pick,
    quant,
    scale,
    shape_of,
    sizes,
    symmetric,
    weights,
    window_options,
)
from tests.ops.cases.pools import pool


def wide(name: str, shape: tuple[int, ...], q: Quant) -> Tensor:
    return Tensor(name, shape, I16, q)


def result(rng: Rng, x: Quant, w: Quant, taps: int) -> Quant:
    """A scale that saturates now and then."""
    real = float(x.scale[0]) * float(w.scale.mean()) * 70 * max(taps, 1) ** 0.5
    return Quant.per_tensor(float(np.float32(real * 10 ** rng.uniform(-1, 0.5))), 0)


def wide_bias(
    rng: Rng, channels: int, x: Quant, w: Quant, types: tuple[str, ...] = ("int64", "int32")
) -> Tensor:
    """Mostly of the first type; TFLite's sums have 32 bits with an int32 bias."""
    dtype = np.dtype(types[0] if rng.random() < 0.7 else types[-1])
    limit = int(rng.choice([1000, 1 << (33 if dtype == np.int64 else 20)]))
    q = Quant((x.scale * w.scale).astype(np.float32), np.zeros(w.scale.size, np.int64), 0)
    return constant("bias", rng.integers(-limit, limit, channels).astype(dtype), q)


@case("CONV_2D/int16")
def conv_2d(rng: Rng) -> Graph:
    kernel = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    o = window_options(rng, dilation=True)
    hw = sizes(rng, kernel, o)
    in_c, out_c = int(rng.integers(1, 10)), int(rng.integers(1, 10))
    x, w = symmetric(rng), channel_quant(rng, out_c, 0)
    y = result(rng, x, w, kernel[0] * kernel[1] * in_c)
    inputs = [
        wide("x", (1, *hw, in_c), x),
        constant("w", weights(rng, (out_c, *kernel, in_c)), w),
        wide_bias(rng, out_c, x, w),
    ]
    out = wide("y", (1, *out_sizes(hw, kernel, o), out_c), y)
    return model("CONV_2D", inputs, out, o, "Conv2DOptions", 5)


@case("CONV_2D/groups")
def groups(rng: Rng, is_wide: bool = False) -> Graph:
    kernel = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    o = window_options(rng, dilation=True)
    hw = sizes(rng, kernel, o)
    count, per, out_per = (int(n) for n in rng.integers((2, 1, 1), (4, 5, 4)))
    out_c = count * out_per
    x, w = (symmetric if is_wide else quant)(rng), channel_quant(rng, out_c, 0)
    make = wide if is_wide else activation
    inputs = [
        make("x", (1, *hw, count * per), x),
        constant("w", weights(rng, (out_c, *kernel, per)), w),
        (wide_bias if is_wide else bias)(rng, out_c, x, w),
    ]
    y = (result if is_wide else output_scale)(rng, x, w, kernel[0] * kernel[1] * per)
    out = make("y", (1, *out_sizes(hw, kernel, o), out_c), y)
    return model("CONV_2D", inputs, out, o, "Conv2DOptions", 5 if is_wide else 3)


CASES["CONV_2D/groups/int16"] = lambda rng: groups(rng, is_wide=True)


@case("DEPTHWISE_CONV_2D/int16")
def depthwise(rng: Rng) -> Graph:
    kernel = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    o = window_options(rng, dilation=True)
    o["stride_w"] = o["stride_h"]
    hw = sizes(rng, kernel, o)
    in_c, multiplier = int(rng.integers(1, 8)), int(rng.choice([1, 1, 2, 3]))
    out_c = in_c * multiplier
    x, w = symmetric(rng), channel_quant(rng, out_c, 3)
    inputs = [
        wide("x", (1, *hw, in_c), x),
        constant("w", weights(rng, (1, *kernel, out_c)), w),
        wide_bias(rng, out_c, x, w, ("int64",)),
    ]
    if rng.random() < 0.3:
        inputs.pop()
    out = wide("y", (1, *out_sizes(hw, kernel, o), out_c), result(rng, x, w, 9))
    o["depth_multiplier"] = multiplier
    return model("DEPTHWISE_CONV_2D", inputs, out, o, "DepthwiseConv2DOptions", 5)


@case("FULLY_CONNECTED/int16")
def fully_connected(rng: Rng) -> Graph:
    rows, in_c, out_c = (int(n) for n in rng.integers(1, (4, 40, 14)))
    x = symmetric(rng)
    w = channel_quant(rng, out_c, 0) if rng.random() < 0.5 else Quant.per_tensor(scale(rng), 0)
    o = {"fused_activation_function": int(rng.choice([0, 1, 2, 3]))}
    inputs = [wide("x", (rows, in_c), x), constant("w", weights(rng, (out_c, in_c)), w)]
    if rng.random() < 0.8:
        inputs.append(wide_bias(rng, out_c, x, w))
    out = wide("y", (rows, out_c), result(rng, x, w, in_c))
    return model("FULLY_CONNECTED", inputs, out, o, "FullyConnectedOptions", 7)


def binary(op: str, rng: Rng, options: dict[str, Any], version: int) -> Graph:
    shape = shape_of(rng)
    shapes = [shape, shape]
    if rng.random() < 0.4:
        shapes[int(rng.integers(0, 2))] = tuple(n if rng.random() < 0.5 else 1 for n in shape)
    out = np.broadcast_shapes(*shapes)
    a, b = symmetric(rng), symmetric(rng)
    real = float(a.scale[0] + b.scale[0])
    if op == "MUL":
        real = float(a.scale[0] * b.scale[0]) * 20000
    y = Quant.per_tensor(float(np.float32(real * 10 ** rng.uniform(-0.5, 0.7))), 0)
    o = {"fused_activation_function": int(rng.choice([0, 1, 2, 3])), **options}
    tensors = [wide("a", shapes[0], a), wide("b", shapes[1], b)]
    return model(op, tensors, wide("y", out, y), o, f"{op.title()}Options", version)


CASES["ADD/int16"] = lambda rng: binary("ADD", rng, {"pot_scale_int16": False}, 3)
CASES["SUB/int16"] = lambda rng: binary("SUB", rng, {"pot_scale_int16": False}, 5)
CASES["MUL/int16"] = lambda rng: binary("MUL", rng, {}, 4)


def unary(op: str, rng: Rng, y: Quant, options: dict[str, Any], kind: str, version: int) -> Graph:
    shape = (1, *(int(n) for n in rng.integers(1, 9, 3)))
    x = symmetric(rng)
    if rng.random() < 0.3:
        x = Quant.per_tensor(2.0 ** -int(rng.integers(10, 15)), 0)
    return model(op, [wide("x", shape, x)], wide("y", shape, y), options, kind, version)


def slope(rng: Rng) -> dict[str, Any]:
    return {"alpha": float(np.float32(rng.normal()))}


Q15 = Quant.per_tensor(1 / 32768, 0)
CASES["LOGISTIC/int16"] = lambda rng: unary("LOGISTIC", rng, Q15, {}, "", 3)
CASES["TANH/int16"] = lambda rng: unary("TANH", rng, Q15, {}, "", 3)
for _op, _kind in (("ABS", "AbsOptions"), ("LEAKY_RELU", "LeakyReluOptions")):
    CASES[f"{_op}/int16"] = lambda rng, op=_op, kind=_kind: unary(
        op, rng, symmetric(rng), slope(rng) if op == "LEAKY_RELU" else {}, kind, 2
    )
CASES["RELU/int16"] = lambda rng: unary("RELU", rng, symmetric(rng), {}, "", 3)
CASES["RELU6/int16"] = lambda rng: unary("RELU6", rng, symmetric(rng), {}, "", 3)


@case("EXP/int16")
def exp(rng: Rng) -> Graph:
    """Results within the output, or beyond it."""
    shape = (1, int(rng.integers(1, 50)))
    x, y = (Quant.per_tensor(10.0 ** rng.uniform(-5, -3.5), 0) for _ in range(2))
    return model("EXP", [wide("x", shape, x)], wide("y", shape, y), {}, "ExpOptions", 2)


def compared(op: str, rng: Rng) -> Graph:
    a, b = symmetric(rng), symmetric(rng)
    if rng.random() < 0.5:
        b = a
    shapes = arithmetic.shapes(rng)
    out = np.broadcast_shapes(*shapes)
    tensors = [wide(name, shape, q) for name, shape, q in zip("ab", shapes, (a, b), strict=True)]
    if op == "SQUARED_DIFFERENCE":
        real = float(max(a.scale[0], b.scale[0])) ** 2 * 10 ** rng.uniform(3, 5)
        y = wide("y", out, Quant.per_tensor(float(np.float32(real)), 0))
    else:
        y = Tensor("y", out, np.dtype(np.bool_))
    return model(op, tensors, y, {}, options_type(op), 1)


for _op in arithmetic.COMPARISONS:
    # The oracle has three of them for int16.
    case(f"{_op}/int16", oracle=_op in ("EQUAL", "GREATER_EQUAL", "LESS"))(
        lambda rng, op=_op: compared(op, rng)
    )
case("SQUARED_DIFFERENCE/int16", oracle=False)(lambda rng: compared("SQUARED_DIFFERENCE", rng))


@case("SOFTMAX/int16")
def softmax(rng: Rng) -> Graph:
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 60)))
    o = {"beta": float(rng.choice([1.0, 0.5]))}
    return model(
        "SOFTMAX", [wide("x", shape, symmetric(rng))], wide("y", shape, Q15), o, "SoftmaxOptions", 3
    )


for _op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
    CASES[f"{_op}/int16"] = lambda rng, op=_op: pool(op, rng, I16)


@case("QUANTIZE/int16")
def quantize(rng: Rng) -> Graph:
    shape = (1, int(rng.integers(1, 50)))
    kinds = [("int16", "int16"), ("int16", "int8"), ("float32", "int16")]
    source, target = pick(rng, kinds)
    x = Tensor("x", shape, np.dtype(source), None if source == "float32" else symmetric(rng))
    q = symmetric(rng) if target == "int16" else quant(rng)
    y = Tensor("y", shape, np.dtype(target), q)
    return model("QUANTIZE", [x], y, {}, "QuantizeOptions", 2)


@case("DEQUANTIZE/int16")
def dequantize(rng: Rng) -> Graph:
    x = wide("x", (1, int(rng.integers(1, 50))), symmetric(rng))
    return model("DEQUANTIZE", [x], activation("y", x.shape, None), {}, "DequantizeOptions", 3)
