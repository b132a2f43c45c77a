# SPDX-License-Identifier: Apache-2.0
"""LOG_SOFTMAX over the last dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array, Quant
from edgeinfer.numerics import float_functions
from edgeinfer.numerics.fixed_point import INT32_MIN, div_pot, multiplier, requantize, wrap
from edgeinfer.numerics.functions import SUM_BITS, exp_negative, log_of_sum
from edgeinfer.ops.base import Call, QuantRule, Site
from edgeinfer.ops.reduction import in_order
from edgeinfer.ops.softmax import DIFF_BITS, Softmax

OUTPUT_BITS = 4  # integer bits of a result


class LogSoftmax(Softmax):
    """The int8 reference is LogSoftmaxQuantized (kernels/internal/reference/log_softmax.h)."""

    name = "LOG_SOFTMAX"
    rule = QuantRule(fixed_output=Quant.per_tensor(16 / 256, 127))

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        with np.errstate(all="ignore"):
            rest = x - x.max(-1, keepdims=True)
            total = in_order(np.add, float_functions.exp(rest), (x.ndim - 1,), True)
            return np.asarray(rest - float_functions.log(total))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        mult, shift, diff_min = self._scaling(site)
        x = values[0].astype(np.int64)
        diff = x - x.max(-1, keepdims=True)
        scaled = requantize(diff, mult, shift)
        exps = div_pot(exp_negative(scaled, DIFF_BITS), SUM_BITS)
        log = log_of_sum(np.where(diff >= diff_min, exps, 0).sum(-1, keepdims=True))
        least = requantize(log + INT32_MIN, *_reverse(mult, shift))
        near = diff > np.maximum(least, diff_min - 1)
        q = div_pot(wrap(scaled - log), 31 - DIFF_BITS - OUTPUT_BITS) + 127
        return np.where(near, np.clip(q, -128, 127), -128).astype(np.int8)

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype == site.output.dtype == np.float32:
            return [self.call(site, "softmax_float", {"log": 1})]
        site.require_int8(0)
        mult, shift, diff_min = self._scaling(site)
        back, back_shift = _reverse(mult, shift)
        params = {"mult": mult, "shift": shift, "diff_min": diff_min}
        params |= {"reverse_mult": back, "reverse_shift": back_shift}
        return [self.call(site, "log_softmax", params)]


def _reverse(mult: int, shift: int) -> tuple[int, int]:
    """As PreprocessLogSoftmaxScalingExp in TFLite (kernels/internal/quantization_util.cc)."""
    return multiplier((1 << (31 - shift)) / mult)
