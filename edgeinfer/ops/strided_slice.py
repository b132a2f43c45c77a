# SPDX-License-Identifier: Apache-2.0
"""STRIDED_SLICE: numpy's slicing."""

from __future__ import annotations

from types import EllipsisType

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class StridedSlice(View):
    """The reference is StridedSlice (kernels/internal/reference/strided_slice.h)."""

    name = "STRIDED_SLICE"

    def views(self, site: Site, x: Array) -> list[Array]:
        return [x[self._index(site)]]

    @staticmethod
    def _index(site: Site) -> tuple[slice | int | EllipsisType | None, ...]:
        """Python's index; each bit of a mask speaks of one entry of begin, end and strides."""
        begin, end, step = ([int(n) for n in site.const(i).reshape(-1)] for i in (1, 2, 3))
        masks = {
            name: int(site.option(f"{name}_mask"))
            for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
        }
        index: list[slice | int | EllipsisType | None] = []
        for i in range(len(begin)):
            said = {name for name, mask in masks.items() if mask >> i & 1}
            if "ellipsis" in said:
                index.append(...)
            elif "new_axis" in said:
                index.append(np.newaxis)
            elif "shrink_axis" in said:
                index.append(begin[i])
            else:
                first = None if "begin" in said else begin[i]
                index.append(slice(first, None if "end" in said else end[i], step[i]))
        # With an ellipsis numpy gives a view even of a single element.
        return tuple(index) if ... in index else (*index, ...)
