# SPDX-License-Identifier: Apache-2.0
"""Tables of functions that TFLite evaluates in float32, once for each of the 256 inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import INT32_MAX, round_away
from edgeinfer.ops.base import Site
from edgeinfer.ops.table import Table


class FloatTable(Table):
    """The int8 reference is LUTPopulate (kernels/internal/common.h)."""

    def function(self, site: Site, x: Array) -> Array:
        """The function of float32 reals, for tables; float64 results are rounded to float32."""
        raise NotImplementedError

    def curve(self, site: Site, x: Array) -> Array:
        """The function of float32 numbers as the kernel `curve_float` computes it."""
        raise NotImplementedError

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        with np.errstate(all="ignore"):
            return self.curve(site, values[0])

    def results(self, site: Site, q: Array) -> Array:
        x, y = site.input(0), site.output
        inverse = np.float32(1) / np.float32(y.scale)
        real = np.float32(x.scale) * (q - x.zero_point).astype(np.float32)
        with np.errstate(all="ignore"):
            found = np.asarray(self.function(site, real), np.float32)
        rescaled = round_away(found * inverse).astype(np.float64)
        # A number beyond int32 saturates, as on ARM; TFLite's cast has no defined result.
        whole = np.clip(np.nan_to_num(rescaled), -INT32_MAX, INT32_MAX)
        return np.clip(whole + y.zero_point, -128, 127).astype(np.int64)
