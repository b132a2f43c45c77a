# SPDX-License-Identifier: Apache-2.0
"""SPACE_TO_DEPTH: the pixels of a block become channels."""

from __future__ import annotations

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class SpaceToDepth(View):
    """The reference is SpaceToDepth (kernels/internal/reference/space_to_depth.h)."""

    name = "SPACE_TO_DEPTH"

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        ((n, h, w, b, _, c),) = super().shapes(site)
        return ((n, h, w, b * b * c),)

    def views(self, site: Site, x: Array) -> list[Array]:
        n, h, w, c = site.input(0).shape
        b = int(site.option("block_size"))
        return [x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)]
