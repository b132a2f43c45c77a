# SPDX-License-Identifier: Apache-2.0
"""TILE: the input several times along each dimension."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class Tile(View):
    """The reference is kernels/tile.cc."""

    name = "TILE"

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        sizes = zip(site.input(0).shape, self._times(site), strict=True)
        return (tuple(n * times for n, times in sizes),)

    def views(self, site: Site, x: Array) -> list[Array]:
        pairs = [n for pair in zip(self._times(site), x.shape, strict=True) for n in pair]
        ones = [n for size in x.shape for n in (1, size)]
        return [np.broadcast_to(x.reshape(ones), pairs)]

    @staticmethod
    def _times(site: Site) -> list[int]:
        return [int(n) for n in site.const(1).reshape(-1)]
