# SPDX-License-Identifier: Apache-2.0
"""Where the largest or smallest element along a dimension is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.axes import axis_at
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.broadcast import dtype_code


class ArgExtreme(Op):
    """The first of equals, as ArgMinMax (kernels/internal/reference/arg_min_max.h)."""

    smallest = False

    def shape(self, site: Site) -> tuple[int, ...]:
        shape, axis = site.input(0).shape, self._axis(site)
        return (*shape[:axis], *shape[axis + 1 :])

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        assert values[0] is not None
        find = np.argmin if self.smallest else np.argmax
        return [np.asarray(find(values[0], self._axis(site)), site.output.dtype)]

    def pack(self, site: Site) -> list[Call]:
        if site.output.dtype not in (np.int32, np.int64):
            raise site.unsupported(f"an output of type {site.output.dtype}")
        shape, axis = site.input(0).shape, self._axis(site)
        params = {
            "type": dtype_code(site, 0),
            "out_type": dtype_code(site),
            "outer": math.prod(shape[:axis]),
            "count": shape[axis],
            "inner": math.prod(shape[axis + 1 :]),
            "smallest": int(self.smallest),
        }
        return [Call("arg_max", params, (site.in_ref(0),), site.out_ref())]

    @staticmethod
    def _axis(site: Site) -> int:
        return axis_at(site, 1, len(site.input(0).shape))
