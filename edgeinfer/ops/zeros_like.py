# SPDX-License-Identifier: Apache-2.0
"""ZEROS_LIKE: zeros in the shape of the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Op, Site


class ZerosLike(Op):
    """The reference is kernels/zeros_like.cc, which writes 0 whatever the zero point."""

    name = "ZEROS_LIKE"

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        return [np.zeros(site.output.shape, site.output.dtype)]

    def known(self, site: Site) -> bool:
        return True
