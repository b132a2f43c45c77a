# SPDX-License-Identifier: Apache-2.0
"""REVERSE_V2: dimensions read backwards."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.axes import axes_of
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View


class ReverseV2(View):
    """The reference is Reverse (kernels/internal/reference/reference_ops.h)."""

    name = "REVERSE_V2"

    def views(self, site: Site, x: Array) -> list[Array]:
        return [np.flip(x, axes_of(site, 1, x.ndim))]
