# SPDX-License-Identifier: Apache-2.0
"""Outputs that are put together from strided views of one input, on a constant ground."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.moves import batches, copies, dummy, place_of


def fill(site: Site, value: Array) -> Call:
    """The call that fills the output with one value of its type."""
    raw = value.astype(site.output.dtype.newbyteorder("<")).tobytes()
    params = {"size": len(raw), "count": site.output.size, "value": [*raw, *bytes(8 - len(raw))]}
    return Call("fill", params, (), site.out_ref())


class Patchwork(Op):
    """An operator that lays parts of its first input side by side."""

    rule = QuantRule(same_scale=True)

    def parts(self, site: Site, x: Array, out: Array) -> list[tuple[Array, Array]]:
        """Views of x, and the views of the output that take them."""
        raise NotImplementedError

    def ground(self, site: Site) -> Array | None:
        """The value around the parts; None if they cover the output."""
        tensor = site.output
        return np.array(tensor.zero_point if tensor.quant is not None else 0, tensor.dtype)

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        assert values[0] is not None
        return batches(values[0], site.input(0).shape, lambda x: [self._made(site, x)])

    def _made(self, site: Site, x: Array) -> Array:
        ground = self.ground(site)
        out = np.full(self.shape(site), 0 if ground is None else ground, site.output.dtype)
        for view, place in self.parts(site, x, out):
            place[...] = view
        return out

    def pack(self, site: Site) -> list[Call]:
        x, out = site.input(0), site.output
        if x.dtype != out.dtype:
            raise site.unsupported(f"a change of type from {x.dtype} to {out.dtype}")
        base, target = dummy(x.shape, x.dtype), dummy(out.shape, out.dtype)
        ground = self.ground(site)
        calls = [] if ground is None else [fill(site, ground)]
        for view, place in self.parts(site, base, target):
            if math.prod(view.shape):
                start = place_of(place, target)
                calls += copies(site, site.in_ref(0), base, view, site.out_ref(start), place)
        return calls
