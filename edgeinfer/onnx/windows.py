# SPDX-License-Identifier: Apache-2.0
"""Convolutions, pools, resizing: channels last, with TFLite's paddings where these are the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value

SAME, VALID = 0, 1
SYMMETRIC = 1


def _pair(numbers: Sequence[int], one: int = 1) -> tuple[int, int]:
    """Height and width; what has only a width gets `one` for its height."""
    found = tuple(int(n) for n in numbers)
    return (one, found[0]) if len(found) == 1 else (found[0], found[1])


class _Window:
    """A window's attributes over a value stored channels last."""

    def __init__(self, call: Call, kernel: Sequence[int], x: Value) -> None:
        at, rank = call.attributes, len(kernel)
        self.kernel = _pair(kernel)
        self.stride = _pair(at.get("strides") or [1] * rank)
        self.dilation = _pair(at.get("dilations") or [1] * rank)
        self.size = call.make.shape(x.tensor)[1:3]
        spans = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]
        auto = at.get("auto_pad", b"NOTSET")
        pads = [int(n) for n in at.get("pads") or [0] * 2 * rank]
        begin, end = _pair(pads[:rank], 0), _pair(pads[rank:], 0)
        self.same = []  # TFLite's padding SAME
        for n, s, span in zip(self.size, self.stride, spans, strict=True):
            total = max((-(-n // s) - 1) * s + span - n, 0)
            self.same.append((total // 2, total - total // 2))
        self.pads = list(zip(begin, end, strict=True))
        if auto == b"SAME_UPPER":
            self.pads = self.same
        elif auto == b"SAME_LOWER":
            self.pads = [(b, a) for a, b in self.same]
        elif auto == b"VALID":
            self.pads = [(0, 0), (0, 0)]
        self.more = [0, 0]  # rows and columns that ceil_mode adds
        if at.get("ceil_mode"):
            for d in range(2):
                n, s = self.size[d] + sum(self.pads[d]), self.stride[d]
                out = -(-(n - spans[d]) // s) + 1
                if (out - 1) * s >= self.size[d] + self.pads[d][0]:
                    out -= 1  # a window must not begin in the padding behind
                self.more[d] = max((out - 1) * s + spans[d] - n, 0)
        self.all = [(a, b + m) for (a, b), m in zip(self.pads, self.more, strict=True)]
        outs = [
            (n + a + b - span) // s
            for n, (a, b), s, span in zip(self.size, self.all, self.stride, spans, strict=True)
        ]
        # Padding that no window reaches does not count.
        used = [
            (a, max(o * s + span - n - a, 0))
            for (a, _), o, n, s, span in zip(
                self.all, outs, self.size, self.stride, spans, strict=True
            )
        ]
        self.is_same = used == [tuple(p) for p in self.same]
        self.none = not any(map(sum, self.all))

    def padded(self, call: Call, x: Value) -> tuple[int, int]:
        """The tensor with zeros around it, and the schema's padding that is left to do."""
        if self.none:
            return x.tensor, VALID
        if self.is_same:
            return x.tensor, SAME
        return call.make.emit("PAD", x.tensor, self.table(call)), VALID

    def table(self, call: Call) -> int:
        """The padding of all dimensions as a constant."""
        return call.make.const([(0, 0), *self.all, (0, 0)], np.int32)


def conv(call: Call) -> Value:
    """Conv of one or two spatial dimensions, in groups or depthwise."""
    weights = call.needed(1, "weights").astype(np.float32)
    if weights.ndim not in (3, 4) or len(call.value().shape) != weights.ndim:
        raise call.refused(f"a convolution with weights of shape {weights.shape}")
    x = call.make.last(call.value())
    window = _Window(call, weights.shape[2:], x)
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
    return _windowed(call, x, call.make.emit(op, *inputs, **options))


def max_pool(call: Call) -> Value:
    """MaxPool; padding repeats what lies inside, which no maximum notices."""
    if len(call.node.output) > 1:
        raise call.refused("a second output of indices")
    x, window, options = _pool(call)
    tensor, padding = x.tensor, VALID if window.none else SAME
    if not window.none and not window.is_same:
        padding = VALID
        if x.positive:
            tensor = call.make.emit("PAD", tensor, window.table(call))
        elif all(2 * p <= k for k, ps in zip(window.kernel, window.all, strict=True) for p in ps):
            tensor = call.make.emit("MIRROR_PAD", tensor, window.table(call), mode=SYMMETRIC)
        else:
            raise call.refused("padding of more than half a window", "Pad by less, or after Relu.")
    made = call.make.emit("MAX_POOL_2D", tensor, padding=padding, **options)
    return replace(_windowed(call, x, made), positive=x.positive)


def average_pool(call: Call) -> Value:
    """AveragePool."""
    x, window, options = _pool(call)
    tensor, padding = x.tensor, VALID if window.none else SAME
    if not window.none and (call.attributes.get("count_include_pad") or not window.is_same):
        if not call.attributes.get("count_include_pad") or any(window.more):
            raise call.refused(
                f"an average without its padding {window.pads}", "Export it with count_include_pad."
            )
        tensor, padding = call.make.emit("PAD", tensor, window.table(call)), VALID
    made = call.make.emit("AVERAGE_POOL_2D", tensor, padding=padding, **options)
    return replace(_windowed(call, x, made), positive=x.positive)


def _pool(call: Call) -> tuple[Value, _Window, dict[str, int]]:
    if len(call.value().shape) not in (3, 4):
        raise call.refused(f"a value of shape {call.value().shape}")
    x = call.make.last(call.value())
    window = _Window(call, call.attributes["kernel_shape"], x)
    if window.dilation != (1, 1):
        raise call.refused("a pool with dilation")
    options = {
        "stride_h": window.stride[0],
        "stride_w": window.stride[1],
        "filter_height": window.kernel[0],
        "filter_width": window.kernel[1],
    }
    return x, window, options


def _windowed(call: Call, x: Value, tensor: int) -> Value:
    n, h, w, c = call.make.shape(tensor)
    return Value(tensor, (n, c, h, w) if len(x.shape) == 4 else (n, c, w), last=True)


def resize(call: Call) -> Value:
    """Resize and Upsample of height and width, to the nearest (by whole factors) or linear."""
    x = call.value()
    if len(x.shape) != 4:
        raise call.refused(f"a value of shape {x.shape}")
    at = call.attributes
    if call.node.op_type == "Upsample" or call.opset < 11:
        scales = call.needed(1, "scales") if call.has(1) else np.array(at["scales"])
        sizes = None
        how = b"asymmetric"
    else:
        scales = call.needed(2, "scales") if call.has(2) else np.array([])
        sizes = call.needed(3, "sizes") if call.has(3) else None
        how = at.get("coordinate_transformation_mode", b"half_pixel")
    wanted = (
        [int(n) for n in sizes.reshape(-1)]
        if sizes is not None
        else [math.floor(n * s) for n, s in zip(x.shape, scales.reshape(-1), strict=True)]
    )
    if (
        "axes" in at
        or at.get("antialias")
        or at.get("keep_aspect_ratio_policy", b"stretch") != b"stretch"
    ):
        raise call.refused("resizing with these options", "Resize height and width by plain sizes.")
    if tuple(wanted[:2]) != x.shape[:2]:
        raise call.refused("resizing of batch or channels")
    x = call.make.last(x)
    size = call.make.const(wanted[2:], np.int32)
    mode = at.get("mode", b"nearest")
    centres = how in (b"half_pixel", b"pytorch_half_pixel")
    if mode == b"nearest":
        if any(b % a for a, b in zip(x.shape[2:], wanted[2:], strict=True)) or not (
            centres or how == b"asymmetric"
        ):
            raise call.refused("resizing to the nearest by other than a whole factor")
        options = {"align_corners": False, "half_pixel_centers": False}
        return _windowed(
            call, x, call.make.emit("RESIZE_NEAREST_NEIGHBOR", x.tensor, size, **options)
        )
    if mode not in (b"linear", b"bilinear") or how not in (
        b"half_pixel", b"pytorch_half_pixel", b"asymmetric", b"align_corners",
    ):  # fmt: skip
        raise call.refused(f"resizing by {mode.decode()}, {how.decode()}")
    options = {"align_corners": how == b"align_corners", "half_pixel_centers": centres}
    return _windowed(call, x, call.make.emit("RESIZE_BILINEAR", x.tensor, size, **options))
