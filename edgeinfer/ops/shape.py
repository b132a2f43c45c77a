# SPDX-License-Identifier: Apache-2.0
"""SHAPE: a tensor's dimensions, which are known on the PC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Op, Site


class Shape(Op):
    """The reference is Shape (kernels/shape.cc)."""

    name = "SHAPE"

    def shape(self, site: Site) -> tuple[int, ...]:
        return (len(site.input(0).shape),)

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        return [np.array(site.input(0).shape, site.output.dtype)]

    def known(self, site: Site) -> bool:
        return True
