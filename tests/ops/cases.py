# SPDX-License-Identifier: Apache-2.0
"""Random models of one operator each: shapes, strides, paddings, broadcasts, scales, edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgeinfer.graph import Array, Graph, Node, Quant, Tensor

Rng = np.random.Generator
I8, F32, I32 = np.dtype(np.int8), np.dtype(np.float32), np.dtype(np.int32)
CASES: dict[str, Callable[[Rng], Graph]] = {}


def case(op: str) -> Callable[[Callable[[Rng], Graph]], Callable[[Rng], Graph]]:
    """Registers the generator of an operator's models."""

    def register(make: Callable[[Rng], Graph]) -> Callable[[Rng], Graph]:
        CASES[op] = make
        return make

    return register


def scale(rng: Rng) -> float:
    return float(np.float32(10.0 ** rng.uniform(-3, 0)))


def quant(rng: Rng) -> Quant:
    """Any zero point, the edges often."""
    zero = int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))]))
    return Quant.per_tensor(scale(rng), zero)


def activation(name: str, shape: tuple[int, ...], q: Quant | None) -> Tensor:
    return Tensor(name, shape, F32 if q is None else I8, q)


def constant(name: str, data: Array, q: Quant | None = None) -> Tensor:
    return Tensor(name, data.shape, data.dtype, q, data)


def model(
    op: str,
    inputs: list[Tensor],
    output: Tensor,
    options: dict[str, Any] | None = None,
    options_type: str = "",
    version: int = 2,
) -> Graph:
    """A graph of one node; inputs without data are the graph's inputs."""
    node = Node(
        op,
        tuple(range(len(inputs))),
        (len(inputs),),
        options or {},
        options_type,
        version=version,
    )
    fed = tuple(i for i, t in enumerate(inputs) if t.data is None)
    return Graph((*inputs, output), (node,), fed, (len(inputs),), name=op.lower())


def weights(rng: Rng, shape: tuple[int, ...]) -> Array:
    w = rng.integers(-127, 128, shape)
    if rng.random() < 0.1:
        w[:] = rng.choice([-127, 127])
    return w.astype(np.int8)


def output_scale(rng: Rng, x: Quant, w: Quant, taps: int) -> Quant:
    """One that saturates sometimes, not always."""
    product = float(x.scale[0]) * float(w.scale.mean())
    # Now and then sums are hardly scaled down, or up: shifts around 0 and above.
    spread = 1 if rng.random() < 0.15 else 60 * 60 * max(taps, 1) ** 0.5
    zero = int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))]))
    real = product * spread * 10 ** rng.uniform(-2, 0.5)
    return Quant.per_tensor(float(np.float32(real)), zero)


def window_options(rng: Rng, dilation: bool) -> dict[str, Any]:
    stride = int(rng.integers(1, 4))
    dilated = dilation and rng.random() < 0.3
    return {
        "padding": int(rng.integers(0, 2)),
        "stride_h": stride,
        "stride_w": stride if dilated or rng.random() < 0.7 else int(rng.integers(1, 3)),
        "fused_activation_function": int(rng.choice([0, 1, 2, 3])),
        **(
            {"dilation_h_factor": 2, "dilation_w_factor": 2, "stride_h": 1, "stride_w": 1}
            if dilated
            else {}
        ),
    }


def sizes(rng: Rng, kernel: tuple[int, int], options: dict[str, Any]) -> tuple[int, int]:
    """Input height and width that hold at least one window."""
    span = [(k - 1) * int(options.get("dilation_h_factor", 1)) + 1 for k in kernel]
    return int(span[0] + rng.integers(0, 9)), int(span[1] + rng.integers(0, 9))


def out_size(size: int, k: int, stride: int, dilation: int, padding: int) -> int:
    return -(-size // stride) if padding == 0 else -(-(size - (k - 1) * dilation) // stride)


def out_sizes(hw: tuple[int, int], kernel: tuple[int, int], o: dict[str, Any]) -> tuple[int, int]:
    d = int(o.get("dilation_h_factor", 1))
    return (
        out_size(hw[0], kernel[0], o["stride_h"], d, o["padding"]),
        out_size(hw[1], kernel[1], o["stride_w"], d, o["padding"]),
    )


def channel_quant(rng: Rng, channels: int, axis: int) -> Quant:
    return Quant(
        np.array([scale(rng) for _ in range(channels)], np.float32),
        np.zeros(channels, np.int64),
        axis,
    )


def bias(rng: Rng, channels: int, x: Quant, w: Quant) -> Tensor:
    limit = int(rng.choice([100, 20_000]))
    q = Quant((x.scale * w.scale).astype(np.float32), np.zeros(w.scale.size, np.int64), 0)
    return constant("bias", rng.integers(-limit, limit, channels).astype(np.int32), q)


@case("CONV_2D")
def conv_2d(rng: Rng) -> Graph:
    kernel = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    o = window_options(rng, dilation=True)
    hw = sizes(rng, kernel, o)
    in_c, out_c = int(rng.integers(1, 10)), int(rng.integers(1, 10))
    x, w = quant(rng), channel_quant(rng, out_c, 0)
    y = output_scale(rng, x, w, kernel[0] * kernel[1] * in_c)
    batch = int(rng.choice([1, 1, 2]))
    inputs = [
        activation("x", (batch, *hw, in_c), x),
        constant("w", weights(rng, (out_c, *kernel, in_c)), w),
        bias(rng, out_c, x, w),
    ]
    out = activation("y", (batch, *out_sizes(hw, kernel, o), out_c), y)
    return model("CONV_2D", inputs, out, o, "Conv2DOptions", 3)


@case("DEPTHWISE_CONV_2D")
def depthwise(rng: Rng) -> Graph:
    kernel = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    o = window_options(rng, dilation=True)
    if o["stride_h"] != o["stride_w"]:
        o["stride_w"] = o["stride_h"]
    hw = sizes(rng, kernel, o)
    in_c, multiplier = int(rng.integers(1, 14)), int(rng.choice([1, 1, 1, 2, 3, 4, 8]))
    out_c = in_c * multiplier
    x, w = quant(rng), channel_quant(rng, out_c, 3)
    y = output_scale(rng, x, w, kernel[0] * kernel[1])
    inputs = [
        activation("x", (1, *hw, in_c), x),
        constant("w", weights(rng, (1, *kernel, out_c)), w),
        bias(rng, out_c, x, w),
    ]
    out = activation("y", (1, *out_sizes(hw, kernel, o), out_c), y)
    o["depth_multiplier"] = multiplier
    return model("DEPTHWISE_CONV_2D", inputs, out, o, "DepthwiseConv2DOptions", 3)


@case("FULLY_CONNECTED")
def fully_connected(rng: Rng) -> Graph:
    batch, in_c, out_c = int(rng.integers(1, 4)), int(rng.integers(1, 40)), int(rng.integers(1, 14))
    x = quant(rng)
    w = channel_quant(rng, out_c, 0) if rng.random() < 0.5 else Quant.per_tensor(scale(rng), 0)
    o = {"fused_activation_function": int(rng.choice([0, 1, 2, 3]))}
    inputs = [activation("x", (batch, in_c), x), constant("w", weights(rng, (out_c, in_c)), w)]
    if rng.random() < 0.8:
        inputs.append(bias(rng, out_c, x, w))
    out = activation("y", (batch, out_c), output_scale(rng, x, w, in_c))
    return model("FULLY_CONNECTED", inputs, out, o, "FullyConnectedOptions", 4)


def pool(op: str, rng: Rng) -> Graph:
    kernel = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    o = window_options(rng, dilation=False)
    o |= {"filter_height": kernel[0], "filter_width": kernel[1]}
    hw = sizes(rng, kernel, o)
    channels, q = int(rng.integers(1, 9)), quant(rng)
    x = activation("x", (int(rng.choice([1, 2])), *hw, channels), q)
    y = activation("y", (x.shape[0], *out_sizes(hw, kernel, o), channels), q)
    return model(op, [x], y, o, "Pool2DOptions", 2)


CASES["AVERAGE_POOL_2D"] = lambda rng: pool("AVERAGE_POOL_2D", rng)
CASES["MAX_POOL_2D"] = lambda rng: pool("MAX_POOL_2D", rng)


def binary(op: str, rng: Rng) -> Graph:
    shape = tuple(int(n) for n in rng.integers(1, 6, int(rng.integers(1, 5))))
    shapes = [shape, shape]
    form = int(rng.integers(0, 4))
    if form == 1:
        shapes[int(rng.integers(0, 2))] = (1,) * len(shape)
    elif form == 2:
        shapes[int(rng.integers(0, 2))] = tuple(n if rng.random() < 0.5 else 1 for n in shape)
    out = np.broadcast_shapes(*shapes)
    a, b = quant(rng), quant(rng)
    y = Quant.per_tensor(
        float(np.float32(scale(rng) * (float(a.scale[0]) + float(b.scale[0])) * 10)),
        int(rng.integers(-128, 128)),
    )
    tensors = [activation("a", shapes[0], a), activation("b", shapes[1], b)]
    if rng.random() < 0.3:
        data = rng.integers(-128, 128, shapes[1]).astype(np.int8)
        tensors[1] = constant("b", data, b)
    o = {"fused_activation_function": int(rng.choice([0, 1, 2, 3]))}
    return model(op, tensors, activation("y", out, y), o, f"{op.title()}Options", 2)


CASES["ADD"] = lambda rng: binary("ADD", rng)
CASES["MUL"] = lambda rng: binary("MUL", rng)


@case("PAD")
def pad(rng: Rng) -> Graph:
    shape = tuple(int(n) for n in rng.integers(1, 6, int(rng.integers(1, 5))))
    pads = rng.integers(0, 4, (len(shape), 2)).astype(np.int32)
    if len(shape) == 4 and rng.random() < 0.7:
        pads[0] = 0
    q = quant(rng)
    out = tuple(n + int(p.sum()) for n, p in zip(shape, pads, strict=True))
    inputs = [activation("x", shape, q), constant("pads", pads)]
    return model("PAD", inputs, activation("y", out, q), {}, "PadOptions", 2)


@case("MEAN")
def mean(rng: Rng) -> Graph:
    shape = tuple(int(n) for n in rng.integers(1, 8, 4))
    axes = [(1, 2), (2, 1), (1,), (3,), (2,), (2, 3), (1, 2, 3)][int(rng.integers(0, 7))]
    keep = bool(rng.integers(0, 2))
    out = tuple(1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes)
    x = quant(rng)
    y = (
        x
        if rng.random() < 0.3
        else Quant.per_tensor(
            float(x.scale[0]) * rng.uniform(0.3, 1.5), int(rng.integers(-128, 128))
        )
    )
    inputs = [activation("x", shape, x), constant("axes", np.array(axes, np.int32))]
    return model("MEAN", inputs, activation("y", out, y), {"keep_dims": keep}, "ReducerOptions", 2)


@case("CONCATENATION")
def concatenation(rng: Rng) -> Graph:
    shape, q = [int(n) for n in rng.integers(1, 6, 4)], quant(rng)
    axis = int(rng.integers(-4, 4))
    parts = [int(n) for n in rng.integers(1, 5, int(rng.integers(2, 5)))]
    inputs = []
    for i, n in enumerate(parts):
        part = [*shape]
        part[axis] = n
        inputs.append(activation(f"x{i}", tuple(part), q))
    shape[axis] = sum(parts)
    out = activation("y", tuple(shape), q)
    return model("CONCATENATION", inputs, out, {"axis": axis}, "ConcatenationOptions", 2)


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


@case("RESHAPE")
def reshape(rng: Rng) -> Graph:
    a, b, c = (int(n) for n in rng.integers(1, 7, 3))
    q = quant(rng)
    inputs = [
        activation("x", (1, a, b, c), q),
        constant("shape", np.array([1, a * b * c], np.int32)),
    ]
    return model("RESHAPE", inputs, activation("y", (1, a * b * c), q), {}, "ReshapeOptions", 1)


def samples(graph: Graph, rng: Rng, count: int) -> list[list[Array]]:
    """Random, saturating and constant inputs for a graph."""
    found: list[list[Array]] = []
    for i in range(count):
        one: list[Array] = []
        for t in graph.inputs:
            tensor = graph.tensors[t]
            if tensor.dtype == np.float32:
                one.append(
                    (rng.normal(size=tensor.shape) * 10 ** rng.uniform(-2, 3)).astype(np.float32)
                )
            elif i % 4 == 3:
                one.append(np.full(tensor.shape, rng.choice([-128, 127, 0]), np.int8))
            elif i % 4 == 2:
                one.append(rng.choice(np.array([-128, 127], np.int8), tensor.shape))
            else:
                one.append(rng.integers(-128, 128, tensor.shape).astype(np.int8))
        found.append(one)
    return found
