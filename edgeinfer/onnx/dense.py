# SPDX-License-Identifier: Apache-2.0
"""Products with matrices of weights, reductions, softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value, flat_order


def gemm(call: Call) -> Value:
    """Gemm: alpha · x · weights + beta · bias."""
    at = call.attributes
    if at.get("transA"):
        raise call.refused("a transposed input")
    weights = call.needed(1, "weights") * np.float32(at.get("alpha", 1.0))
    bias = call.needed(2, "a bias") * np.float32(at.get("beta", 1.0)) if call.has(2) else None
    return _dense(call, weights.T if at.get("transB") else weights, bias)


def matmul(call: Call) -> Value:
    """MatMul with constant weights; an Add after it becomes the bias when it is quantized."""
    weights = call.needed(1, "a second factor")
    if weights.ndim != 2:
        raise call.refused(f"a product with weights of shape {weights.shape}")
    return _dense(call, weights, None)


def _dense(call: Call, weights: Array, bias: Array | None) -> Value:
    """x [..., k] · weights [k, o] + bias."""
    x, outputs = call.value(), weights.shape[1]
    if x.flat:
        weights = weights[flat_order(x.flat)]  # instead of moving what is multiplied
    else:
        x = call.make.plain(x)
    name = call.node.input[1]
    inputs = [x.tensor, call.make.const(np.ascontiguousarray(weights.T), name=name)]
    if bias is not None:
        if bias.size not in (1, outputs):
            raise call.refused(f"a bias of shape {bias.shape}")
        full = np.broadcast_to(bias.reshape(-1), (outputs,))
        inputs.append(call.make.const(full, name=f"{name}/bias"))
    keep = len(x.shape) != 2
    tensor = call.make.emit("FULLY_CONNECTED", *inputs, keep_num_dims=keep, weights_format=0)
    return Value(tensor, (*x.shape[:-1], outputs))


def reduction(op: str) -> Callable[[Call], Value]:
    """A reduction over axes, all if there are none."""

    def convert(call: Call) -> Value:
        x = call.value()
        since = 13 if call.node.op_type == "ReduceSum" else 18
        axes = call.ints("axes", 1, since)
        if not axes and call.attributes.get("noop_with_empty_axes"):
            return x
        gone = sorted(a % len(x.shape) for a in axes or range(len(x.shape)))
        keep = bool(call.attributes.get("keepdims", 1))
        return _reduced(call, op, x, gone, keep)

    return convert


def over_space(op: str) -> Callable[[Call], Value]:
    """A reduction over all but batch and channels, whose dimensions stay as 1."""

    def convert(call: Call) -> Value:
        x = call.value()
        return _reduced(call, op, x, list(range(2, len(x.shape))), True)

    return convert


def _reduced(call: Call, op: str, x: Value, gone: list[int], keep: bool) -> Value:
    shape = tuple(1 if i in gone else n for i, n in enumerate(x.shape) if keep or i not in gone)
    spatial = x.last and gone == list(range(2, len(x.shape)))
    if not spatial and not (x.last and keep):
        x = call.make.plain(x)
    axes = (1, 2) if spatial else [x.axis(a) for a in gone]
    tensor = call.make.emit(op, x.tensor, call.make.const(axes, np.int32), keep_dims=keep)
    return Value(tensor, shape, x.last and keep, positive=x.positive)


def softmax(call: Call) -> Value:
    """Softmax over one axis; before opset 13 over all from an axis on, of which one may count."""
    x = call.value()
    rank = len(x.shape)
    axis = int(call.attributes.get("axis", 1 if call.opset < 13 else -1)) % rank
    if call.opset < 13:
        large = [i for i in range(axis, rank) if x.shape[i] > 1] or [axis]
        if len(large) > 1:
            raise call.refused(f"a softmax over axes {large} together", "Export with opset 13.")
        axis = large[0]
    x = call.make.plain(x) if x.flat else x
    if x.axis(axis) != len(call.make.shape(x.tensor)) - 1:
        x = call.make.plain(x)
    if x.last or axis == rank - 1:
        tensor = call.make.emit("SOFTMAX", x.tensor, beta=1.0)
        return replace(x, tensor=tensor, positive=True)
    swap = list(range(rank))
    swap[axis], swap[-1] = swap[-1], swap[axis]
    inner = call.make.emit("SOFTMAX", call.make.transpose(x.tensor, swap), beta=1.0)
    return replace(x, tensor=call.make.transpose(inner, swap), positive=True)
