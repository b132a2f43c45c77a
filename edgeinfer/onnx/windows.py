# SPDX-License-Identifier: Apache-2.0
"""Sliding windows, with TFLite's paddings where these are the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value

SAME, VALID = 0, 1


def _pair(numbers: Sequence[int], one: int = 1) -> tuple[int, int]:
    """Height and width; what has only a width gets `one` for its height."""
    found = tuple(int(n) for n in numbers)
    return (one, found[0]) if len(found) == 1 else (found[0], found[1])


class Window:
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
        final = [  # number of the last window
            (n + a + b - span) // s
            for n, (a, b), s, span in zip(self.size, self.all, self.stride, spans, strict=True)
        ]
        # Padding that no window reaches does not count.
        used = [
            (a, max(o * s + span - n - a, 0))
            for (a, _), o, n, s, span in zip(
                self.all, final, self.size, self.stride, spans, strict=True
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


def windowed(call: Call, x: Value, tensor: int) -> Value:
    """A tensor stored channels last as a value of as many dimensions as x."""
    n, h, w, c = call.make.shape(tensor)
    return Value(tensor, (n, c, h, w) if len(x.shape) == 4 else (n, c, w), last=True)
