# SPDX-License-Identifier: Apache-2.0
"""ADD: element-wise sum of two tensors, with broadcasting."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.rescaled import Rescaled


class Add(Rescaled):
    """The int8 reference is AddElementwise (kernels/internal/reference/integer_ops/add.h)."""

    name = "ADD"

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        return np.asarray(a + b)

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype != np.int8 or self.merged(site) > 4:
            return super().pack(site)
        site.require_int8(0, 1)
        params = dict(self.scaled_params(site))
        del params["left_shift"]  # which that kernel knows
        return [self.call(site, params)]
