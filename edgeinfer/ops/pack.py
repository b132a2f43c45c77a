# SPDX-License-Identifier: Apache-2.0
"""PACK: tensors of one shape stacked along a new dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.axes import axis_of
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import Join


class Pack(Join):
    """The reference is PackWithScaling and Pack (kernels/internal/reference/reference_ops.h)."""

    name = "PACK"

    def shape(self, site: Site) -> tuple[int, ...]:
        axis, first = self._axis(site), site.input(0).shape
        if any(site.input(i).shape != first for i in range(len(site.inputs))):
            raise ModelError(
                f"{site.where}: inputs of different shapes.", "Convert the model again."
            )
        return (*first[:axis], len(site.inputs), *first[axis:])

    def joined(self, site: Site, values: Sequence[Array]) -> Array:
        return np.stack(values, self._axis(site))

    def places(self, site: Site, out: Array) -> list[Array]:
        return list(np.moveaxis(out, self._axis(site), 0))

    @staticmethod
    def _axis(site: Site) -> int:
        return axis_of(site, int(site.option("axis")), len(site.input(0).shape) + 1)
