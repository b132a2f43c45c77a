# SPDX-License-Identifier: Apache-2.0
"""FILL: a tensor of one value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, QuantRule, Site
from edgeinfer.ops.moves import copies, dummy


class Fill(Op):
    """The reference is kernels/fill.cc."""

    name = "FILL"
    rule = QuantRule(same_scale=True)

    def shape(self, site: Site) -> tuple[int, ...]:
        if site.input(1).size != 1:
            raise ModelError(
                f"{site.where}: fills with {site.input(1).shape}.", "Convert it again."
            )
        return tuple(int(n) for n in site.const(0).reshape(-1))

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        assert values[1] is not None
        return [np.full(self.shape(site), values[1].reshape(-1)[0], site.output.dtype)]

    def pack(self, site: Site) -> list[Call]:
        value = site.input(1)
        if value.dtype != site.output.dtype:
            raise site.unsupported(f"FILL with {value.dtype}")
        base = dummy((1,), value.dtype)
        place = dummy(site.output.shape, value.dtype)
        view = np.broadcast_to(base, site.output.shape)
        return copies(site, site.in_ref(1), base, view, site.out_ref(), place)
