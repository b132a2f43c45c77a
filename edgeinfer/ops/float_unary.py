# SPDX-License-Identifier: Apache-2.0
"""Element-wise functions of one float32 tensor: the kernels `unary_float` and `curve_float`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, Site

CODES = {"EI_ABS": 0, "EI_NEG": 1, "EI_SQRT": 2, "EI_RSQRT": 3, "EI_SQUARE": 4, "EI_FLOOR": 5,
         "EI_CEIL": 6, "EI_ROUND": 7, "EI_CLIP": 8, "EI_LEAKY": 9, "EI_HARD_SWISH": 10}  # fmt: skip
"""enum in csrc/kernels/unary_float.c"""
CURVES = {"EI_EXP": 0, "EI_LOG": 1, "EI_SIN": 2, "EI_COS": 3, "EI_TANH": 4, "EI_LOGISTIC": 5,
          "EI_ELU": 6, "EI_GELU": 7, "EI_GELU_TANH": 8}  # fmt: skip
"""enum in csrc/kernels/curve_float.c"""


def float_call(site: Site, code: str, low: float = 0, high: float = 0) -> Call:
    """The kernel call of a function; `low` and `high` are for EI_CLIP, `low` for EI_LEAKY."""
    for tensor in (site.input(0), site.output):
        if tensor.dtype != np.float32:
            raise site.unsupported(f"type {tensor.dtype} (tensor '{tensor.name}')")
    params: dict[str, Any] = {"count": site.output.size}
    if code in CURVES:
        kernel, params["op"] = "curve_float", CURVES[code]
    else:
        kernel = "unary_float"
        params |= {"op": CODES[code], "low": low, "high": high}
    return Call(kernel, params, (site.in_ref(0),), site.out_ref(), inplace=(0,))


class FloatUnary(Op):
    """A function that TFLite has for float32 only."""

    float_code = ""

    def function(self, x: Array) -> Array:
        """The function of float32 numbers."""
        raise NotImplementedError

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            return self.function(values[0])

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        raise site.unsupported(f"type {site.input(0).dtype}")

    def pack(self, site: Site) -> list[Call]:
        return [float_call(site, self.float_code)]
