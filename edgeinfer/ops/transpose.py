# SPDX-License-Identifier: Apache-2.0
"""TRANSPOSE: dimensions in another order."""

from __future__ import annotations

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class Transpose(View):
    """The reference is Transpose (kernels/internal/reference/transpose.h)."""

    name = "TRANSPOSE"

    def views(self, site: Site, x: Array) -> list[Array]:
        return [x.transpose([int(d) for d in site.const(1).reshape(-1)])]
