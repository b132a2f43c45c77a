# SPDX-License-Identifier: Apache-2.0
"""Space to batch and back: every block-th element of the middle dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.patchwork import Patchwork


class Blocks(Patchwork):
    """Blocks are the second input and edges, [dimensions, 2], the third."""

    @staticmethod
    def blocks(site: Site) -> list[int]:
        """The block's size along each dimension after the batch."""
        sizes = [int(n) for n in site.const(1).reshape(-1)]
        if len(sizes) >= len(site.input(0).shape) or min(sizes, default=0) < 1:
            raise ModelError(
                f"{site.where}: blocks {sizes} of {site.input(0).shape}.",
                "Convert the model again.",
            )
        return sizes

    @classmethod
    def edges(cls, site: Site) -> list[tuple[int, int]]:
        """Elements that are added or cut off before and after, along each of these dimensions."""
        edges = site.const(2)
        if edges.shape != (len(cls.blocks(site)), 2) or np.any(edges < 0):
            raise ModelError(
                f"{site.where}: edges {edges.tolist()} do not match its blocks.",
                "Convert the model again.",
            )
        return [(int(a), int(b)) for a, b in edges]

    @classmethod
    def pairs(cls, site: Site, few: Array, many: Array) -> Iterator[tuple[Array, Array]]:
        """Views of `few`, the tensor of fewer and larger maps, and of `many`, where they meet.

        Element p + edge of the one is element p // block of the other's map p % block."""
        blocks, edges = cls.blocks(site), cls.edges(site)
        batch = few.shape[0]
        for number, phase in enumerate(np.ndindex(*blocks)):
            wide, narrow = [slice(None)], [slice(number * batch, (number + 1) * batch)]
            for d, (block, i) in enumerate(zip(blocks, phase, strict=True), start=1):
                first = max(math.ceil((edges[d - 1][0] - i) / block), 0)
                start = first * block + i - edges[d - 1][0]
                fitting = max(math.ceil((few.shape[d] - start) / block), 0)
                count = max(min(fitting, many.shape[d] - first), 0)
                wide.append(slice(start, start + count * block, block))
                narrow.append(slice(first, first + count))
            a, b = few[tuple(wide)], many[tuple(narrow)]
            if math.prod(b.shape):
                yield a, b
