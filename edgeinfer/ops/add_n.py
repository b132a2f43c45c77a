# SPDX-License-Identifier: Apache-2.0
"""ADD_N: the sum of several tensors of one shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, div_pot, mul_high, multiplier, wrap
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.broadcast import dtype_code

LEFT_SHIFT = 20
MOST = 8  # inputs of the kernel


class AddN(Op):
    """The reference is AddN (kernels/internal/reference/add_n.h).

    Of int8 only TFLite Micro has it (micro/kernels/add_n.cc): inputs of one scale."""

    name = "ADD_N"
    rule = QuantRule(same_scale=True)

    def shape(self, site: Site) -> tuple[int, ...]:
        shape = site.input(0).shape
        if any(site.input(i).shape != shape for i in range(len(site.inputs))):
            raise ModelError(
                f"{site.where}: inputs of different shapes.", "Convert the model again."
            )
        return shape

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        total = np.zeros_like(values[0])
        for value in values:
            assert value is not None
            total = total + value
        return np.asarray(total)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        zero = site.input(0).zero_point
        total = self._scaled(site, np.asarray(-zero))
        for value in values:
            assert value is not None
            total = wrap(total + self._scaled(site, value.astype(np.int64) - zero))
        mult, shift = self._output(site)
        q = div_pot(mul_high(total, mult), -shift) + site.output.zero_point
        return np.clip(q, -128, 127).astype(np.int8)

    def pack(self, site: Site) -> list[Call]:
        if len(site.inputs) < 2:  # nor does TFLite (kernels/add_n.cc)
            raise site.unsupported("a sum of fewer than two tensors")
        tensors = [site.input(i) for i in range(len(site.inputs))]
        int8 = site.output.dtype == np.int8
        if {t.dtype for t in tensors} != {site.output.dtype} or len(tensors) > MOST:
            raise site.unsupported(f"a sum of {len(tensors)} tensors of type {site.output.dtype}")
        if int8 and not all(t.quant and t.quant.equals(tensors[0].quant) for t in tensors):
            raise site.unsupported("inputs of different scales")
        params = {
            "type": dtype_code(site),
            "count": site.output.size,
            "n": len(tensors),
        }
        if int8:
            mult, shift = multiplier(0.5)
            out_mult, out_shift = self._output(site)
            params |= {"mult": mult, "shift": shift, "zero": tensors[0].zero_point}
            params |= {"out_mult": out_mult, "out_shift": out_shift}
            params |= {"out_zero": site.output.zero_point}
        elif site.output.dtype not in (np.float32, np.int32):
            raise site.unsupported(f"type {site.output.dtype}")
        more = {f"x{i}": site.in_ref(i) for i in range(len(tensors))}
        return [Call("add_n", params, (), site.out_ref(), more_in=more)]

    @staticmethod
    def _scaled(site: Site, x: Ints) -> Ints:
        mult, shift = multiplier(0.5)
        return div_pot(mul_high(x << LEFT_SHIFT, mult), -shift)

    @staticmethod
    def _output(site: Site) -> tuple[int, int]:
        return multiplier(2 * site.input(0).scale / ((1 << LEFT_SHIFT) * site.output.scale))
