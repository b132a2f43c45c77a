# SPDX-License-Identifier: Apache-2.0
"""Convolutions, and those that go the other way."""

from __future__ import annotations

import numpy as np

from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value
from edgeinfer.onnx.windows import SAME, VALID, Window, windowed


def conv(call: Call) -> Value:
    """Conv of one or two spatial dimensions, in groups or depthwise."""
    weights = call.needed(1, "weights").astype(np.float32)
    if weights.ndim not in (3, 4) or len(call.value().shape) != weights.ndim:
        raise call.refused(f"a convolution with weights of shape {weights.shape}")
    x = call.make.last(call.value())
    window = Window(call, weights.shape[2:], x)
    if weights.ndim == 3:
        weights = weights[:, :, None]
    bias = call.needed(2, "a bias") if call.has(2) else np.zeros(len(weights), np.float32)
    tensor, padding = window.padded(call, x)
    groups = int(call.attributes.get("group", 1))
    options = {
        "padding": padding,
        "stride_h": window.stride[0],
        "stride_w": window.stride[1],
        "dilation_h_factor": window.dilation[0],
        "dilation_w_factor": window.dilation[1],
    }
    op, stored = "CONV_2D", weights.transpose(0, 2, 3, 1)
    if groups > 1 and weights.shape[1] == 1:  # each group is one channel
        op, stored = "DEPTHWISE_CONV_2D", weights.transpose(1, 2, 3, 0)
        options["depth_multiplier"] = len(weights) // groups
    name = call.node.input[1]
    inputs = (
        tensor,
        call.make.const(stored, name=name),
        call.make.const(bias, name=f"{name}/bias"),
    )
    return windowed(call, x, call.make.emit(op, *inputs, **options))


def conv_transpose(call: Call) -> Value:
    """ConvTranspose of two spatial dimensions, in one group and without dilation."""
    at, weights = call.attributes, call.needed(1, "weights").astype(np.float32)
    if weights.ndim != 4 or at.get("group", 1) != 1 or set(at.get("dilations") or [1]) != {1}:
        raise call.refused(f"groups, dilation or weights of shape {weights.shape}")
    if "output_shape" in at or at.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise call.refused("padding by the output's shape", "Export it with explicit pads.")
    x = call.make.last(call.value())
    n, *size, _ = call.make.shape(x.tensor)
    stride, pads = at.get("strides") or [1, 1], at.get("pads") or [0] * 4
    more = at.get("output_padding") or [0, 0]
    whole = [(m - 1) * s + k for m, s, k in zip(size, stride, weights.shape[2:], strict=True)]
    out = [whole[d] - pads[d] - pads[2 + d] + more[d] for d in range(2)]
    # TFLite's SAME cuts half of what is too much off before; else a slice does, after.
    same = all(
        max((-(-out[d] // stride[d]) - 1) * stride[d] + weights.shape[2 + d] - out[d], 0) // 2
        == pads[d]
        for d in range(2)
    )
    bias = call.needed(2, "a bias") if call.has(2) else np.zeros(weights.shape[1], np.float32)
    made = call.make.emit(
        "TRANSPOSE_CONV",
        x.tensor,
        call.make.const(weights.transpose(1, 2, 3, 0), name=call.node.input[1]),
        call.make.const(bias, name=f"{call.node.input[1]}/bias"),
        call.make.const(
            [n, *(out if same else [out[0] + pads[0], out[1] + pads[1]]), weights.shape[1]],
            np.int32,
        ),
        padding=SAME if same else VALID,
        stride_h=stride[0],
        stride_w=stride[1],
    )
    if not same and any(pads[:2]):
        corners = ([0, pads[0], pads[1], 0], [n, *out, weights.shape[1]])
        made = call.make.emit("SLICE", made, *(call.make.const(c, np.int32) for c in corners))
    return windowed(call, x, made)
