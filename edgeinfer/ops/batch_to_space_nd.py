# SPDX-License-Identifier: Apache-2.0
"""BATCH_TO_SPACE_ND: maps of the batch become the phases of blocks."""

from __future__ import annotations

import math

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.blocks import Blocks


class BatchToSpaceNd(Blocks):
    """The reference is BatchToSpaceND (kernels/internal/reference/batch_to_space_nd.h)."""

    name = "BATCH_TO_SPACE_ND"

    def shape(self, site: Site) -> tuple[int, ...]:
        shape, blocks = site.input(0).shape, self.blocks(site)
        sizes = zip(shape[1:], blocks, self.edges(site), strict=False)
        maps = [n * block - a - b for n, block, (a, b) in sizes]
        if shape[0] % math.prod(blocks) or min(maps) < 1:
            raise ModelError(
                f"{site.where}: blocks {blocks} do not fit {shape}.", "Convert the model again."
            )
        return (shape[0] // math.prod(blocks), *maps, *shape[1 + len(blocks) :])

    def ground(self, site: Site) -> Array | None:
        return None

    def parts(self, site: Site, x: Array, out: Array) -> list[tuple[Array, Array]]:
        return [(b, a) for a, b in self.pairs(site, out, x)]
