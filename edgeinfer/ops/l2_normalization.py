# SPDX-License-Identifier: Apache-2.0
"""L2_NORMALIZATION: the last dimension divided by its Euclidean norm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array, Quant
from edgeinfer.numerics.fixed_point import div_pot, mul_high, requantize
from edgeinfer.numerics.functions import inverse_root
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.reduction import in_order

LONGEST = 1 << 15  # a row, so that its sum of squares fits into int32


class L2Normalization(Op):
    """The int8 reference is L2Normalization (kernels/internal/reference/integer_ops/).

    That of uint8 (…/reference/l2normalization.h) multiplies by 128 before it rounds, not after."""

    name = "L2_NORMALIZATION"
    rule = QuantRule(fixed_output=Quant.per_tensor(1 / 128, 0))

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        norm = np.sqrt(in_order(np.add, x * x, (x.ndim - 1,), True))
        return np.asarray(x / np.maximum(norm, np.float32(1e-6)), np.float32)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        x = values[0].astype(np.int64) - site.input(0).zero_point
        rows = x.reshape(-1, x.shape[-1])
        norms, which = np.unique((rows * rows).sum(-1), return_inverse=True)
        roots = np.array([inverse_root(int(n)) for n in norms], np.int64)[which]
        mult, shift = roots[:, :1], roots[:, 1:]
        if site.option("uint8"):  # of such a model, less 128 (edgeinfer/unsigned.py)
            made = div_pot(mul_high(128 * rows, mult), -shift)
        else:
            made = requantize(rows, mult, shift + 7)
        return np.clip(made, -128, 127).astype(np.int8).reshape(x.shape)

    def pack(self, site: Site) -> list[Call]:
        shape, y = site.input(0).shape, site.output
        is_float = site.input(0).dtype == y.dtype == np.float32
        if not is_float:
            site.require_int8(0)
            assert self.rule.fixed_output is not None
            site.require_output(self.rule.fixed_output)
        if not shape or shape[-1] >= LONGEST:
            raise site.unsupported(f"the shape {shape}")
        params = {"rows": y.size // shape[-1], "row": shape[-1], "is_float": int(is_float)}
        if not is_float:
            params |= {"zero": site.input(0).zero_point, "early": int(site.option("uint8"))}
        refs = (site.in_ref(0),)
        return [Call("l2_normalization", params, refs, site.out_ref(), inplace=(0,))]
