# SPDX-License-Identifier: Apache-2.0
"""BROADCAST_TO: dimensions of size 1 repeated."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class BroadcastTo(View):
    """The reference is BroadcastTo (kernels/internal/reference/broadcast_to.h)."""

    name = "BROADCAST_TO"

    def views(self, site: Site, x: Array) -> list[Array]:
        return [np.broadcast_to(x, [int(n) for n in site.const(1).reshape(-1)])]
