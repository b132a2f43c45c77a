# SPDX-License-Identifier: Apache-2.0
"""Elements and slices of a tensor by indices of another: the kernel `gather`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.broadcast import dtype_code
from edgeinfer.ops.moves import batches

DEPTH = 6  # numbers of an index


class Lookup(Op):
    """Inputs are the values and the indices, the latter constant or known at run time only.

    An index out of range, which TFLite refuses when it meets it, is brought to the nearest."""

    rule = QuantRule(same_scale=True)
    source, index = 0, 1  # positions of values and indices

    def geometry(self, site: Site) -> tuple[int, int, int, tuple[int, ...], int]:
        """Batches, slices of a batch, indices of a batch, indexed sizes, elements of a chunk."""
        raise NotImplementedError

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        x, i = values[self.source], values[self.index]
        assert x is not None and i is not None
        return batches(x, site.input(self.source).shape, lambda part: self._found(site, part, i))

    def _found(self, site: Site, x: Array, i: Array) -> list[Array]:
        batch, outer, count, sizes, chunk = self.geometry(site)
        numbers = np.clip(
            i.astype(np.int64).reshape(batch, count, len(sizes)), 0, np.array(sizes) - 1
        )
        flat = np.ravel_multi_index(tuple(np.moveaxis(numbers, -1, 0)), sizes)
        slices = x.reshape(batch, outer, -1, chunk)
        made = np.stack([part[:, at] for part, at in zip(slices, flat, strict=True)])
        return [made.reshape(self.shape(site))]

    def pack(self, site: Site) -> list[Call]:
        x = site.input(self.source)
        index = site.input(self.index).dtype
        if x.dtype != site.output.dtype or index not in (np.int16, np.int32, np.int64):
            raise site.unsupported(f"{x.dtype} by {index}")
        batch, outer, count, sizes, chunk = self.geometry(site)
        if not 1 <= len(sizes) <= DEPTH or min(sizes) < 1:
            raise site.unsupported(f"indices of {len(sizes)} numbers")
        params = {
            "index_type": dtype_code(site, self.index),
            "batch": batch,
            "outer": outer,
            "count": count,
            "depth": len(sizes),
            "sizes": [*sizes, *[1] * (DEPTH - len(sizes))],
            "chunk": chunk * x.dtype.itemsize,
        }
        refs = (site.in_ref(self.source), site.in_ref(self.index))
        return [Call("gather", params, refs, site.out_ref())]
