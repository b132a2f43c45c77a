# SPDX-License-Identifier: Apache-2.0
"""SELECT: SELECT_V2 before there was broadcasting: a condition can choose whole rows."""

from __future__ import annotations

from edgeinfer.ops.base import Site
from edgeinfer.ops.select_v2 import SelectV2


class Select(SelectV2):
    """The reference is RankOneSelect and Select (kernels/internal/reference/select.h)."""

    name = "SELECT"

    def condition_shape(self, site: Site) -> tuple[int, ...]:
        shape, whole = site.input(0).shape, site.input(1).shape
        return (*shape, *(1,) * (len(whole) - 1)) if len(shape) == 1 and whole else shape
