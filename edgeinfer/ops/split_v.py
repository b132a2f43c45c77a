# SPDX-License-Identifier: Apache-2.0
"""SPLIT_V: parts of given sizes along one dimension."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.axes import axis_at
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class SplitV(View):
    """The reference is Split (kernels/internal/reference/reference_ops.h); one size may be −1."""

    name = "SPLIT_V"

    def views(self, site: Site, x: Array) -> list[Array]:
        axis = axis_at(site, 2, x.ndim)
        sizes = [int(n) for n in site.const(1).reshape(-1)]
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
        if min(sizes, default=-1) < 0 or sum(sizes) != x.shape[axis]:
            raise ModelError(
                f"{site.where}: sizes {sizes} of {x.shape}.", "Convert the model again."
            )
        return np.split(x, np.cumsum(sizes)[:-1], axis)
