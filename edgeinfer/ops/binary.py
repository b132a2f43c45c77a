# SPDX-License-Identifier: Apache-2.0
"""What element-wise operators of two inputs share: broadcasting as strides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.ops.base import Call, Op, Rows, Site
from edgeinfer.ops.broadcast import Dim, merged_dims, strides_of

Strides = list[int]


class Binary(Op):
    """An element-wise operator of two tensors, with numpy's broadcasting."""

    def shape(self, site: Site) -> tuple[int, ...]:
        a, b = site.input(0).shape, site.input(1).shape
        try:
            return np.broadcast_shapes(a, b)
        except ValueError as error:
            raise ModelError(
                f"{site.where}: shapes {a} and {b} do not broadcast.",
                "Convert the model again: it is damaged.",
            ) from error

    @staticmethod
    def merged(site: Site) -> int:
        """How many dimensions the walk needs, which has four."""
        return len(_merged(site))

    @staticmethod
    def walk(site: Site) -> tuple[dict[str, list[int] | list[Strides]], int]:
        """Fields of the C struct ei_walk, and the number of rows.

        Neighbouring dimensions that both inputs walk alike are merged, the row dimension (height)
        excepted. Raises UnsupportedError if more than four remain."""
        one: Dim = (1, (True, True))
        merged = _merged(site) or [one]
        if len(merged) > 4:
            raise site.unsupported(f"broadcasting {site.input(0).shape} with {site.input(1).shape}")
        # The rows go first, the innermost dimension last, ones between.
        rows, rest = (merged[0], merged[1:]) if len(merged) > 1 else (one, merged)
        dims = [rows, *[one] * (3 - len(rest)), *rest]
        strides = [strides_of(dims, position) for position in (0, 1)]
        return {"dims": [d[0] for d in dims], "stride": strides}, rows[0]

    @classmethod
    def call(cls, site: Site, params: Mapping[str, Any]) -> Call:
        """The kernel call with these parameters besides the walk."""
        walk, rows = cls.walk(site)
        strides = [row[0] for row in walk["stride"] if isinstance(row, list)]
        return Call(
            cls.name.lower(),
            {"walk": walk, **params},
            (site.in_ref(0), site.in_ref(1)),
            site.out_ref(),
            rows,
            # The output may overwrite inputs that are not repeated.
            inplace=tuple(p for p in (0, 1) if site.input(p).shape == site.output.shape),
            reads=tuple(Rows(s, rows) if s else None for s in strides),
            row_bytes=site.output.size // rows,
        )


def _merged(site: Site) -> list[Dim]:
    out = site.output.shape
    # Height stays a dimension of its own, so that a step can make a band of rows.
    apart = 2 if len(out) == 4 else -1
    return merged_dims(out, (site.input(0).shape, site.input(1).shape), apart)
