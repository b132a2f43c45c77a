# SPDX-License-Identifier: Apache-2.0
"""What element-wise operators of two inputs share: broadcasting as strides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.ops.base import Call, Op, Rows, Site

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
        merged = _merged(site) or [(1, True, True)]
        if len(merged) > 4:
            raise site.unsupported(f"broadcasting {site.input(0).shape} with {site.input(1).shape}")
        # The rows go first, the innermost dimension last, ones between.
        rows, rest = (merged[0], merged[1:]) if len(merged) > 1 else ((1, True, True), merged)
        dims = [rows, *[(1, True, True)] * (3 - len(rest)), *rest]
        strides: list[Strides] = []
        for which in (1, 2):
            step, row = 1, [0, 0, 0, 0]
            for d in range(3, -1, -1):
                if dims[d][which]:
                    row[d] = step if dims[d][0] > 1 else 0
                    step *= dims[d][0]
            strides.append(row)
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


def _merged(site: Site) -> list[tuple[int, bool, bool]]:
    """Size of each dimension, and whether each input has it."""
    out = site.output.shape
    padded = [(1,) * (len(out) - len(s)) + s for s in (site.input(0).shape, site.input(1).shape)]
    merged: list[tuple[int, bool, bool]] = []
    for d, size in enumerate(out):
        if size == 1:
            continue
        has = (padded[0][d] != 1, padded[1][d] != 1)
        # Height stays a dimension of its own, so that a step can make a band of rows.
        if merged and merged[-1][1:] == has and not (len(out) == 4 and d == 2):
            merged[-1] = (merged[-1][0] * size, *has)
        else:
            merged.append((size, *has))
    return merged
