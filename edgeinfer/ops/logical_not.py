# SPDX-License-Identifier: Apache-2.0
"""LOGICAL_NOT: the other boolean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.table import lut


class LogicalNot(Op):
    """The reference is kernels/elementwise.cc; a table, as a boolean is a byte of 0 or 1."""

    name = "LOGICAL_NOT"

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return ~values[0].astype(np.bool_)

    def pack(self, site: Site) -> list[Call]:
        if {site.input(0).dtype, site.output.dtype} != {np.dtype(np.bool_)}:
            raise site.unsupported(f"type {site.input(0).dtype}")
        return [lut(site, (np.arange(-128, 128) == 0).astype(np.int8))]
