# SPDX-License-Identifier: Apache-2.0
"""PAD: the input with the zero point around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, QuantRule, Rows, Site


class Pad(Op):
    """The reference is PadImpl (kernels/internal/reference/pad.h)."""

    name = "PAD"
    rule = QuantRule(same_scale=True)

    def shape(self, site: Site) -> tuple[int, ...]:
        pads = self._pads(site)
        return tuple(n + a + b for n, (a, b) in zip(site.input(0).shape, pads, strict=True))

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.pad(values[0], self._pads(site))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.pad(values[0], self._pads(site), constant_values=site.output.zero_point)

    def pack(self, site: Site) -> list[Call]:
        site.require_int8(0)
        sizes = list(zip(site.input(0).shape, self._pads(site), strict=True))
        if len(sizes) > 4:
            if sizes[0] != (1, (0, 0)):
                raise site.unsupported("PAD of more than four dimensions")
            sizes = sizes[1:]
        while len(sizes) < 4:
            sizes.insert(0, (1, (0, 0)))
        if sizes[0] == (1, (0, 0)):
            # A batch of one: let the height be the rows, so that a step can make a band of them.
            sizes = [sizes[1], (1, (0, 0)), *sizes[2:]]
        params: dict[str, Any] = {
            "in": [n for n, _ in sizes],
            "out": [n + a + b for n, (a, b) in sizes],
            "before": [a for _, (a, _) in sizes],
            "value": site.output.zero_point,
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

    @staticmethod
    def _pads(site: Site) -> list[tuple[int, int]]:
        """Elements before and after along each dimension."""
        pads = site.const(1)
        if pads.shape != (len(site.input(0).shape), 2) or np.any(pads < 0):
            raise ModelError(
                f"{site.where}: paddings {pads.tolist()} do not match {site.input(0).shape}.",
                "Convert the model again: it is damaged.",
            )
        return [(int(a), int(b)) for a, b in pads]
