# SPDX-License-Identifier: Apache-2.0
"""GATHER: slices along one dimension, by index."""

from __future__ import annotations

import math

from edgeinfer.errors import ModelError
from edgeinfer.ops.axes import axis_of
from edgeinfer.ops.base import Site
from edgeinfer.ops.lookup import Lookup


class Gather(Lookup):
    """The reference is Gather (kernels/internal/reference/gather.h)."""

    name = "GATHER"

    def shape(self, site: Site) -> tuple[int, ...]:
        x, i = site.input(0).shape, site.input(1).shape
        axis, batch = self._dims(site)
        return (*x[:axis], *i[batch:], *x[axis + 1 :])

    def geometry(self, site: Site) -> tuple[int, int, int, tuple[int, ...], int]:
        x, i = site.input(0).shape, site.input(1).shape
        axis, batch = self._dims(site)
        sizes = (math.prod(x[:batch]), math.prod(x[batch:axis]), math.prod(i[batch:]))
        return (*sizes, (x[axis],), math.prod(x[axis + 1 :]))

    @staticmethod
    def _dims(site: Site) -> tuple[int, int]:
        x, i = site.input(0).shape, site.input(1).shape
        axis = axis_of(site, int(site.option("axis")), len(x))
        batch = axis_of(site, int(site.option("batch_dims")), len(i) + 1)
        if batch > axis or x[:batch] != i[:batch]:
            raise ModelError(
                f"{site.where}: {batch} batch dimensions of {x} and {i}.",
                "Convert the model again.",
            )
        return axis, batch
