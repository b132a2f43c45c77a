# SPDX-License-Identifier: Apache-2.0
"""Functions of single elements, and of two tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value

_RANGES = {  # least and largest value → the operator that clips to them
    (0.0, math.inf): "RELU",
    (0.0, 6.0): "RELU6",
    (0.0, 1.0): "RELU_0_TO_1",
    (-1.0, 1.0): "RELU_N1_TO_1",
}


def unary(op: str, positive: bool = False) -> Callable[[Call], Value]:
    """An operator of the Graph that does the same, whatever the order of elements."""

    def convert(call: Call) -> Value:
        x = call.value()
        return replace(x, tensor=call.make.emit(op, x.tensor), positive=positive)

    return convert


def same(call: Call) -> Value:
    """What changes nothing at inference."""
    if call.node.op_type == "Cast" and call.attributes["to"] != 1:
        raise call.refused("a cast to a type other than float32")
    return call.value()


def power(call: Call) -> Value:
    """Pow with the exponent 2 or 1/2."""
    exponents = {float(e) for e in call.needed(1, "an exponent").reshape(-1)}
    if exponents not in ({2.0}, {0.5}):
        raise call.refused(f"a power of {sorted(exponents)[:3]}")
    return unary("SQUARE" if exponents == {2.0} else "SQRT", positive=True)(call)


def leaky_relu(call: Call) -> Value:
    """LeakyRelu."""
    x, alpha = call.value(), float(call.attributes.get("alpha", 0.01))
    return replace(x, tensor=call.make.emit("LEAKY_RELU", x.tensor, alpha=alpha), positive=False)


def elu(call: Call) -> Value:
    """Elu with alpha 1."""
    if call.attributes.get("alpha", 1.0) != 1.0:
        raise call.refused("another alpha than 1")
    return unary("ELU")(call)


def gelu(call: Call) -> Value:
    """Gelu."""
    x, approximate = call.value(), call.attributes.get("approximate", b"none") == b"tanh"
    return replace(
        x, tensor=call.make.emit("GELU", x.tensor, approximate=approximate), positive=False
    )


def hard_sigmoid(call: Call) -> Value:
    """HardSigmoid: alpha x + beta, clipped to 0 … 1."""
    x = call.value()
    slope, offset = (call.attributes.get(n, d) for n, d in (("alpha", 0.2), ("beta", 0.5)))
    scaled = call.make.emit("MUL", x.tensor, call.make.const([slope]))
    moved = call.make.emit("ADD", scaled, call.make.const([offset]))
    return replace(x, tensor=call.make.emit("RELU_0_TO_1", moved), positive=True)


def clip(call: Call) -> Value:
    """Clip; limits without an operator of their own are two."""
    x, limits = call.value(), []
    for position, (name, absent) in enumerate((("min", -math.inf), ("max", math.inf)), 1):
        if call.opset < 11:
            limits.append(float(call.attributes.get(name, absent)))
        else:
            given = call.needed(position, name) if call.has(position) else absent
            limits.append(float(np.reshape(given, ())))
    low, high = (v if abs(v) < 3e38 else math.copysign(math.inf, v) for v in limits)
    tensor = x.tensor
    if (low, high) in _RANGES:
        tensor = call.make.emit(_RANGES[low, high], tensor)
    else:
        for op, limit in (("MAXIMUM", low), ("MINIMUM", high)):
            if math.isfinite(limit):
                tensor = call.make.emit(op, tensor, call.make.const([limit]))
    return replace(x, tensor=tensor, positive=low >= 0 or x.positive)


def binary(op: str) -> Callable[[Call], Value]:
    """An operator of two tensors with broadcasting; more are taken one after the other."""

    def convert(call: Call) -> Value:
        made = _pair(call, op, 0, 1, None)
        for position in range(2, len(call.node.input)):
            made = _pair(call, op, -1, position, made)
        return made

    return convert


def _pair(call: Call, op: str, first: int, second: int, before: Value | None) -> Value:
    data = [call.const(p) if p >= 0 else None for p in (first, second)]
    values = [
        None if d is not None else before if p < 0 else call.value(p)
        for p, d in zip((first, second), data, strict=True)
    ]
    if op == "DIV" and data[1] is not None and data[1].all():
        op, data[1] = "MUL", 1 / data[1]
    live = [v for v in values if v is not None]
    shapes = [v.shape if v is not None else d.shape for v, d in zip(values, data, strict=True)]  # type: ignore[union-attr]
    shape = np.broadcast_shapes(*shapes)
    rank = len(shape)
    last = any(v.last for v in live) and rank in (3, 4) and all(v.shape for v in live)
    tensors = []
    for value, array in zip(values, data, strict=True):
        if value is None:
            assert array is not None
            tensors.append(call.make.constant_like(array, rank, last))
            continue
        if len(value.shape) < rank:
            value = call.make.plain(value)
            wider = (1,) * (rank - len(value.shape)) + value.shape
            value = replace(value, tensor=call.make.reshape(value.tensor, wider), shape=wider)
        tensors.append((call.make.last(value) if last else call.make.plain(value)).tensor)
    positive = (
        op in ("ADD", "MUL")
        and all(v.positive for v in live)
        and all(d is None or (d >= 0).all() for d in data)
    )
    return Value(call.make.emit(op, *tensors), shape, last, positive=positive)


def prelu(call: Call) -> Value:
    """PRelu with constant slopes."""
    x, slope = call.value(), call.needed(1, "a slope")
    x = call.make.plain(x) if x.flat else x
    if slope.shape == x.shape[1:2] and slope.size != x.shape[-1]:  # as older exports have it
        slope = slope.reshape(-1, *[1] * (len(x.shape) - 2))
    alpha = call.make.constant_like(slope, len(x.shape), x.last)
    return replace(x, tensor=call.make.emit("PRELU", x.tensor, alpha), positive=False)


def batch_normalization(call: Call) -> Value:
    """A factor and an offset for each channel; quantization folds them into the layer before."""
    if call.attributes.get("training_mode", 0) or len(call.node.output) > 1:
        raise call.refused("training mode", "Export the network for inference.")
    scale, bias, mean, variance = (
        call.needed(i, "statistics").astype(np.float64) for i in range(1, 5)
    )
    factor = scale / np.sqrt(variance + call.attributes.get("epsilon", 1e-5))
    x = call.value()
    x = call.make.last(x) if len(x.shape) in (3, 4) else call.make.plain(x)
    if not x.last and len(x.shape) != 2:
        raise call.refused(f"a value of shape {x.shape}")
    scaled = call.make.emit("MUL", x.tensor, call.make.const(factor))
    moved = call.make.emit("ADD", scaled, call.make.const(bias - mean * factor))
    return replace(x, tensor=moved, positive=False)
