# SPDX-License-Identifier: Apache-2.0
"""PAD: the input with the zero point around it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Rows, Site
from edgeinfer.ops.patchwork import Patchwork

INT8 = np.dtype(np.int8)


class Pad(Patchwork):
    """The reference is PadImpl (kernels/internal/reference/pad.h)."""

    name = "PAD"

    def shape(self, site: Site) -> tuple[int, ...]:
        pads = pads_of(site)
        return tuple(n + a + b for n, (a, b) in zip(site.input(0).shape, pads, strict=True))

    def parts(self, site: Site, x: Array, out: Array) -> list[tuple[Array, Array]]:
        sizes = zip(site.input(0).shape, pads_of(site), strict=True)
        return [(x, out[tuple(slice(a, a + n) for n, (a, _) in sizes)])]

    def pack(self, site: Site) -> list[Call]:
        sizes = list(zip(site.input(0).shape, pads_of(site), strict=True))
        while len(sizes) > 4 and sizes[0] == (1, (0, 0)):
            sizes = sizes[1:]
        ground = self.ground(site)
        if len(sizes) > 4 or ground is None or {site.input(0).dtype, ground.dtype} != {INT8}:
            return super().pack(site)
        while len(sizes) < 4:
            sizes.insert(0, (1, (0, 0)))
        if sizes[0] == (1, (0, 0)):
            # A batch of one: let the height be the rows, so that a step can make a band of them.
            sizes = [sizes[1], (1, (0, 0)), *sizes[2:]]
        params: dict[str, Any] = {
            "in": [n for n, _ in sizes],
            "out": [n + a + b for n, (a, b) in sizes],
            "before": [a for _, (a, _) in sizes],
            "value": int(ground),
        }
        rows = sizes[0][0] + sum(sizes[0][1])
        inner = math.prod(params["in"][1:])
        return [
            Call(
                "pad",
                params,
                (site.in_ref(0),),
                site.out_ref(),
                rows,
                reads=(Rows(inner, sizes[0][0], pad=sizes[0][1][0]),),
                row_bytes=math.prod(params["out"][1:]),
            )
        ]


def pads_of(site: Site) -> list[tuple[int, int]]:
    """Elements before and after along each dimension. Raises ModelError for negative ones."""
    pads = site.const(1)
    if pads.shape != (len(site.input(0).shape), 2) or np.any(pads < 0):
        raise ModelError(
            f"{site.where}: paddings {pads.tolist()} do not match {site.input(0).shape}.",
            "Convert the model again: it is damaged.",
        )
    return [(int(a), int(b)) for a, b in pads]
