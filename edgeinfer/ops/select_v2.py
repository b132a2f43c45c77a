# SPDX-License-Identifier: Apache-2.0
"""SELECT_V2: where a condition holds elements of one tensor, elsewhere of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.broadcast import walk


class SelectV2(Op):
    """The reference is Select (kernels/internal/reference/select.h), with broadcasting."""

    name = "SELECT_V2"
    rule = QuantRule(same_scale=True)

    def condition_shape(self, site: Site) -> tuple[int, ...]:
        """The condition's shape as it is broadcast."""
        return site.input(0).shape

    def shape(self, site: Site) -> tuple[int, ...]:
        shapes = (self.condition_shape(site), site.input(1).shape, site.input(2).shape)
        return np.broadcast_shapes(*shapes)

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        condition, a, b = values[:3]
        assert condition is not None and a is not None and b is not None
        tail = self.condition_shape(site)[len(site.input(0).shape) :]
        return [np.where(condition.reshape(condition.shape + tail), a, b)]

    def pack(self, site: Site) -> list[Call]:
        dtypes = {site.input(1).dtype, site.input(2).dtype, site.output.dtype}
        if site.input(0).dtype != np.bool_ or len(dtypes) != 1:
            raise site.unsupported(f"types {[str(t.dtype) for t in site.inputs if t]}")
        shapes = (self.condition_shape(site), site.input(1).shape, site.input(2).shape)
        params = {"walk": walk(site, (0, 1, 2), shapes), "size": site.output.dtype.itemsize}
        refs, more = (site.in_ref(0), site.in_ref(1)), {"b": site.in_ref(2)}
        return [Call("select", params, refs, site.out_ref(), more_in=more)]
