# SPDX-License-Identifier: Apache-2.0
"""SPACE_TO_BATCH_ND: each phase of a block becomes a map of its own in the batch."""

from __future__ import annotations

import math

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.blocks import Blocks


class SpaceToBatchNd(Blocks):
    """The reference is SpaceToBatchND (kernels/internal/reference/space_to_batch_nd.h)."""

    name = "SPACE_TO_BATCH_ND"

    def shape(self, site: Site) -> tuple[int, ...]:
        shape, blocks = site.input(0).shape, self.blocks(site)
        padded = [n + a + b for n, (a, b) in zip(shape[1:], self.edges(site), strict=False)]
        if any(n % block for n, block in zip(padded, blocks, strict=True)):
            raise ModelError(
                f"{site.where}: {padded} is no multiple of {blocks}.", "Convert the model again."
            )
        maps = [n // block for n, block in zip(padded, blocks, strict=True)]
        return (shape[0] * math.prod(blocks), *maps, *shape[1 + len(blocks) :])

    def ground(self, site: Site) -> Array | None:
        return super().ground(site) if any(map(any, self.edges(site))) else None

    def parts(self, site: Site, x: Array, out: Array) -> list[tuple[Array, Array]]:
        return list(self.pairs(site, x, out))
