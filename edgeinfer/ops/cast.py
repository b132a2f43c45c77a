# SPDX-License-Identifier: Apache-2.0
"""CAST: numbers of another type."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.broadcast import dtype_code


class Cast(Op):
    """The reference is kernels/cast.cc. A float beyond the integer type saturates, NaN is 0."""

    name = "CAST"

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def alias(self, site: Site) -> bool:
        """Whether both are integers of one size: the bytes stay."""
        x, y = site.input(0).dtype, site.output.dtype
        return x.kind in "iu" and y.kind in "iu" and x.itemsize == y.itemsize

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        x, dtype = values[0], site.output.dtype
        assert x is not None
        if x.dtype.kind != "f" or dtype.kind not in "iu":
            return [x.astype(dtype)]
        info = np.iinfo(dtype)
        whole = np.nan_to_num(np.trunc(x.astype(np.float64)), posinf=np.inf, neginf=-np.inf)
        inside = np.clip(whole, info.min, info.max)
        result = np.where(whole >= info.max, 0, inside).astype(dtype)
        return [np.where(whole >= info.max, dtype.type(info.max), result)]

    def pack(self, site: Site) -> list[Call]:
        params = {
            "in_type": dtype_code(site, 0),
            "out_type": dtype_code(site),
            "count": site.output.size,
        }
        return [Call("cast", params, (site.in_ref(0),), site.out_ref())]
