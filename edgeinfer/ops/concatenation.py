# SPDX-License-Identifier: Apache-2.0
"""CONCATENATION along one dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.activation import real_range
from edgeinfer.ops.base import Call, Op, QuantRule, Rows, Site

MAX_ROWS = 65535  # of one step


class Concatenation(Op):
    """The reference is Concatenation (kernels/internal/reference/concatenation.h)."""

    name = "CONCATENATION"
    rule = QuantRule(same_scale=True)

    def shape(self, site: Site) -> tuple[int, ...]:
        axis, shapes = self._axis(site), [site.input(i).shape for i in range(len(site.inputs))]
        first = shapes[0]
        if any(s[:axis] + s[axis + 1 :] != first[:axis] + first[axis + 1 :] for s in shapes):
            raise ModelError(
                f"{site.where}: shapes {shapes} do not match.",
                "Convert the model again: it is damaged.",
            )
        return (*first[:axis], sum(s[axis] for s in shapes), *first[axis + 1 :])

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        return np.concatenate([v for v in values if v is not None], self._axis(site))

    def int8(self, site: Site, values: Sequence[Array | None]) -> Array:
        return self.float_(site, values)

    def pack(self, site: Site) -> list[Call]:
        axis, out = self._axis(site), site.output
        if np.isfinite(real_range(site)).any():
            raise site.unsupported("a fused activation")
        if len(set(site.node.inputs)) != len(site.node.inputs):
            raise site.unsupported("the same tensor twice")
        outer = math.prod(out.shape[:axis])
        stride = math.prod(out.shape[axis:]) * out.dtype.itemsize
        calls: list[Call] = []
        start = 0
        for position in range(len(site.inputs)):
            tensor = site.input(position)
            quantized = tensor.quant is not None and out.quant is not None
            if tensor.dtype != out.dtype or (quantized and not tensor.quant.equals(out.quant)):  # type: ignore[union-attr]
                raise site.unsupported("inputs of another type or scale than the output")
            chunk = math.prod(tensor.shape[axis:]) * tensor.dtype.itemsize
            params = {"chunk": chunk, "in_stride": chunk, "out_stride": stride}
            for row in range(0, outer, MAX_ROWS):
                calls.append(
                    Call(
                        "copy",
                        params,
                        (site.in_ref(position, row * chunk),),
                        site.out_ref(start + row * stride),
                        rows=(rows := min(MAX_ROWS, outer - row)),
                        reads=(Rows(chunk, rows),),
                    )
                )
            start += chunk
        return calls

    @staticmethod
    def _axis(site: Site) -> int:
        rank = len(site.input(0).shape)
        axis = int(site.option("axis"))
        if not -rank <= axis < rank:
            raise ModelError(
                f"{site.where}: axis {axis} of {rank} dimensions.", "Convert the model again."
            )
        return axis % rank
