# SPDX-License-Identifier: Apache-2.0
"""SQUEEZE: the same bytes without dimensions of size 1."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.ops.axes import axis_of
from edgeinfer.ops.base import Site
from edgeinfer.ops.renaming import Renaming


class Squeeze(Renaming):
    """The reference is kernels/squeeze.cc."""

    name = "SQUEEZE"

    def shape(self, site: Site) -> tuple[int, ...]:
        shape = site.input(0).shape
        named = np.asarray(site.option("squeeze_dims", ())).reshape(-1)
        gone = {axis_of(site, int(d), len(shape)) for d in named} or {
            d for d, n in enumerate(shape) if n == 1
        }
        if any(shape[d] != 1 for d in gone):
            raise ModelError(
                f"{site.where}: dimensions {sorted(gone)} of {shape} are not all 1.",
                "Convert the model again.",
            )
        return tuple(n for d, n in enumerate(shape) if d not in gone)
