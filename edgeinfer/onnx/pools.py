# SPDX-License-Identifier: Apache-2.0
"""The greatest and the mean value of windows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value
from edgeinfer.onnx.windows import SAME, VALID, Window, windowed

SYMMETRIC = 1


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
    return replace(windowed(call, x, made), positive=x.positive)


def average_pool(call: Call) -> Value:
    """AveragePool; where the padding does not count, borders are scaled up again."""
    x, window, options = _pool(call)
    inclusive = bool(call.attributes.get("count_include_pad"))
    if window.none or (window.is_same and not inclusive):
        padding = VALID if window.none else SAME
        made = call.make.emit("AVERAGE_POOL_2D", x.tensor, padding=padding, **options)
        return replace(windowed(call, x, made), positive=x.positive)
    padded = call.make.emit("PAD", x.tensor, window.table(call))
    made = call.make.emit("AVERAGE_POOL_2D", padded, padding=VALID, **options)
    rows, columns = (_counted(size, window, d, inclusive) for d, size in enumerate(window.size))
    counts = np.outer(rows, columns)
    if (counts < math.prod(window.kernel)).any():
        factors = (math.prod(window.kernel) / counts)[:, :, None]
        made = call.make.emit("MUL", made, call.make.const(factors))
    return replace(windowed(call, x, made), positive=x.positive)


def _counted(size: int, window: Window, d: int, inclusive: bool) -> Array:
    """How many rows, or columns, of each window count."""
    before, behind = window.pads[d] if inclusive else (0, 0)
    line = np.zeros(sum(window.all[d]) + size)
    line[window.all[d][0] - before : len(line) - window.all[d][1] + behind] = 1
    stride, kernel = window.stride[d], window.kernel[d]
    return np.asarray(np.lib.stride_tricks.sliding_window_view(line, kernel)[::stride].sum(-1))


def _pool(call: Call) -> tuple[Value, Window, dict[str, int]]:
    if len(call.value().shape) not in (3, 4):
        raise call.refused(f"a value of shape {call.value().shape}")
    x = call.make.last(call.value())
    window = Window(call, call.attributes["kernel_shape"], x)
    if window.dilation != (1, 1):
        raise call.refused("a pool with dilation")
    options = {
        "stride_h": window.stride[0],
        "stride_w": window.stride[1],
        "filter_height": window.kernel[0],
        "filter_width": window.kernel[1],
    }
    return x, window, options
