# SPDX-License-Identifier: Apache-2.0
"""SPLIT: equal parts along one dimension."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.axes import axis_at
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class Split(View):
    """The reference is Split (kernels/internal/reference/reference_ops.h)."""

    name = "SPLIT"
    source = 1

    def views(self, site: Site, x: Array) -> list[Array]:
        axis = axis_at(site, 0, x.ndim)
        return np.split(x, len(site.outputs), axis)
