# SPDX-License-Identifier: Apache-2.0
"""SLICE: a box of the input."""

from __future__ import annotations

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class Slice(View):
    """The reference is Slice (kernels/internal/reference/slice.h); a size of −1 is the rest."""

    name = "SLICE"

    def views(self, site: Site, x: Array) -> list[Array]:
        begin, size = ([int(n) for n in site.const(i).reshape(-1)] for i in (1, 2))
        ends = [n if s == -1 else b + s for n, b, s in zip(x.shape, begin, size, strict=True)]
        if any(not 0 <= b <= e <= n for n, b, e in zip(x.shape, begin, ends, strict=True)):
            raise ModelError(
                f"{site.where}: {begin} to {ends} of {x.shape}.", "Convert the model again."
            )
        return [x[tuple(map(slice, begin, ends))]]
