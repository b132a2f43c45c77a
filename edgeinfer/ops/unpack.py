# SPDX-License-Identifier: Apache-2.0
"""UNPACK: the slices along one dimension, which goes."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.axes import axis_of
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class Unpack(View):
    """The reference is Unpack (kernels/internal/reference/reference_ops.h)."""

    name = "UNPACK"

    def views(self, site: Site, x: Array) -> list[Array]:
        slices = np.moveaxis(x, axis_of(site, int(site.option("axis")), x.ndim), 0)
        # Indexed with an ellipsis, so that even a single element is a view.
        return [slices[i, ...] for i in range(len(slices))]
