# SPDX-License-Identifier: Apache-2.0
"""GATHER_ND: slices by indices of several numbers."""

from __future__ import annotations

import math

from edgeinfer.errors import ModelError
from edgeinfer.ops.base import Site
from edgeinfer.ops.lookup import Lookup


class GatherNd(Lookup):
    """The reference is GatherNd (kernels/internal/reference/gather.h)."""

    name = "GATHER_ND"

    def shape(self, site: Site) -> tuple[int, ...]:
        x, i = site.input(0).shape, site.input(1).shape
        if i[-1] > len(x):
            raise ModelError(f"{site.where}: indices {i} of {x}.", "Convert the model again.")
        return (*i[:-1], *x[i[-1] :])

    def geometry(self, site: Site) -> tuple[int, int, int, tuple[int, ...], int]:
        x, i = site.input(0).shape, site.input(1).shape
        return 1, 1, math.prod(i[:-1]), x[: i[-1]], math.prod(x[i[-1] :])
