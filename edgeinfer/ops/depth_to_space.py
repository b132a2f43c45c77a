# SPDX-License-Identifier: Apache-2.0
"""DEPTH_TO_SPACE: channels become the pixels of blocks."""

from __future__ import annotations

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class DepthToSpace(View):
    """The reference is DepthToSpace (kernels/internal/reference/depth_to_space.h)."""

    name = "DEPTH_TO_SPACE"

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        ((n, h, b, w, _, c),) = super().shapes(site)
        return ((n, h * b, w * b, c),)

    def views(self, site: Site, x: Array) -> list[Array]:
        n, h, w, c = site.input(0).shape
        b = int(site.option("block_size"))
        return [x.reshape(n, h, w, b, b, c // (b * b)).transpose(0, 1, 3, 2, 4, 5)]
