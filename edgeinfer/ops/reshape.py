# SPDX-License-Identifier: Apache-2.0
"""RESHAPE: the same bytes under another shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, QuantRule, Site


class Reshape(Op):
    """Costs nothing at run time: the output names the input's memory."""

    name = "RESHAPE"
    rule = QuantRule(same_scale=True)

    def shape(self, site: Site) -> tuple[int, ...]:
        source = site.input(0)
        tensor = site.optional(1)
        wanted = (
            [int(n) for n in tensor.data.reshape(-1)]
            if tensor is not None and tensor.data is not None
            else [
                int(n) for n in np.asarray(site.option("new_shape", site.output.shape)).reshape(-1)
            ]
        )
        known = int(np.prod([n for n in wanted if n != -1], dtype=np.int64))
        if -1 in wanted and known > 0:
            wanted[wanted.index(-1)] = source.size // known
        if int(np.prod(wanted, dtype=np.int64)) != source.size or min(wanted, default=1) < 1:
            raise ModelError(
                f"{site.where}: {source.shape} cannot become {tuple(wanted)}.",
                "Convert the model again: it is damaged.",
            )
        return tuple(wanted)

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x = values[0]
        assert x is not None
        batches = x.size // max(site.input(0).size, 1)
        shape = site.output.shape
        return x.reshape((batches * shape[0], *shape[1:]) if shape and batches > 1 else shape)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        return self.float_(site, values)

    def alias(self, site: Site) -> bool:
        return True

    def pack(self, site: Site) -> list[Call]:
        return []
