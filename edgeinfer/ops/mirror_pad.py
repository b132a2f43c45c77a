# SPDX-License-Identifier: Apache-2.0
"""MIRROR_PAD: the input with its own mirror images around it."""

from __future__ import annotations

import itertools

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.pad import pads_of
from edgeinfer.ops.patchwork import Patchwork

REFLECT = 0  # the schema's MirrorPadMode; the other repeats the edge


class MirrorPad(Patchwork):
    """The reference is kernels/mirror_pad.cc."""

    name = "MIRROR_PAD"

    def shape(self, site: Site) -> tuple[int, ...]:
        shape, pads = site.input(0).shape, pads_of(site)
        inner = int(site.option("mode") == REFLECT)
        if any(max(pad) > n - inner for n, pad in zip(shape, pads, strict=True)):
            raise ModelError(
                f"{site.where}: paddings {pads} are larger than {shape}.",
                "Convert the model again.",
            )
        return tuple(n + a + b for n, (a, b) in zip(shape, pads, strict=True))

    def ground(self, site: Site) -> Array | None:
        return None

    def parts(self, site: Site, x: Array, out: Array) -> list[tuple[Array, Array]]:
        inner = int(site.option("mode") == REFLECT)
        along: list[list[tuple[slice, slice]]] = []
        for n, (a, b) in zip(site.input(0).shape, pads_of(site), strict=True):
            spans = [(slice(0, n), slice(a, a + n))]
            if a:
                spans.append((_backwards(a - 1 + inner, a), slice(0, a)))
            if b:
                spans.append((_backwards(n - 1 - inner, b), slice(a + n, a + n + b)))
            along.append(spans)
        return [
            (x[tuple(s for s, _ in spans)], out[tuple(s for _, s in spans)])
            for spans in itertools.product(*along)
        ]


def _backwards(first: int, count: int) -> slice:
    return slice(first, None if first - count < 0 else first - count, -1)
