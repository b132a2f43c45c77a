# SPDX-License-Identifier: Apache-2.0
"""The call of a kernel that multiplies vectors by one matrix: dense layers, and pointwise
convolutions whose weights have 4 bits."""

from __future__ import annotations

from collections.abc import Mapping

from edgeinfer.graph import Array
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import Call, Rows, Site
from edgeinfer.ops.filters import BLOCK


def dense_call(
    site: Site, suffix: str, consts: Mapping[str, Array], in_c: int, out_c: int, pixels: int = 1
) -> Call:
    """The call of fully_connected with this ending, over all vectors of `in_c` inputs.

    `consts` are the filters as that kernel reads them. A row is `pixels` vectors; more than one
    only the kernel for nibbles takes."""
    low, high = int8_range(site)
    rows = site.output.size // out_c // pixels
    return Call(
        f"fully_connected{suffix}",
        {
            "in_c": in_c,
            "out_c": out_c,
            "out_zero": site.output.zero_point,
            "act_min": low,
            "act_max": high,
            **({"pixels": pixels} if suffix == "_nibbles" else {}),
        },
        (site.in_ref(0),),
        site.out_ref(),
        rows,
        consts=consts,
        reads=(Rows(pixels * in_c, rows),),
        row_bytes=pixels * out_c,
        ahead=min(rows, BLOCK[suffix] if suffix in ("", "_quads") else 1) - 1,
    )
