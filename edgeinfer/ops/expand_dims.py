# SPDX-License-Identifier: Apache-2.0
"""EXPAND_DIMS: the same bytes with one more dimension of size 1."""

from __future__ import annotations

from edgeinfer.ops.axes import axis_at
from edgeinfer.ops.base import Site
from edgeinfer.ops.renaming import Renaming


class ExpandDims(Renaming):
    """The reference is kernels/expand_dims.cc."""

    name = "EXPAND_DIMS"

    def shape(self, site: Site) -> tuple[int, ...]:
        shape = site.input(0).shape
        axis = axis_at(site, 1, len(shape) + 1)
        return (*shape[:axis], 1, *shape[axis:])
