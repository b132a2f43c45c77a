# SPDX-License-Identifier: Apache-2.0
"""CONCATENATION along one dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.activation import real_range
from edgeinfer.ops.axes import axis_of
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.moves import Join


class Concatenation(Join):
    """The reference is Concatenation (kernels/internal/reference/concatenation.h)."""

    name = "CONCATENATION"

    def shape(self, site: Site) -> tuple[int, ...]:
        axis, shapes = self._axis(site), [site.input(i).shape for i in range(len(site.inputs))]
        first = shapes[0]
        if any(s[:axis] + s[axis + 1 :] != first[:axis] + first[axis + 1 :] for s in shapes):
            raise ModelError(
                f"{site.where}: shapes {shapes} do not match.",
                "Convert the model again: it is damaged.",
            )
        return (*first[:axis], sum(s[axis] for s in shapes), *first[axis + 1 :])

    def joined(self, site: Site, values: Sequence[Array]) -> Array:
        return np.concatenate(values, self._axis(site))

    def places(self, site: Site, out: Array) -> list[Array]:
        axis = self._axis(site)
        ends = np.cumsum([site.input(i).shape[axis] for i in range(len(site.inputs))])
        return np.split(out, ends[:-1], axis)

    def pack(self, site: Site) -> list[Call]:
        if np.isfinite(real_range(site)).any():
            raise site.unsupported("a fused activation")
        return super().pack(site)

    @staticmethod
    def _axis(site: Site) -> int:
        return axis_of(site, int(site.option("axis")), len(site.input(0).shape))
