# SPDX-License-Identifier: Apache-2.0
"""The call of a kernel that multiplies vectors by one matrix: dense layers, and pointwise
convolutions whose weights have 4 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgeinfer.graph import Array
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import Call, Rows, Site
from edgeinfer.ops.filters import BLOCK

# The convolution that reads the same filters.
_CONVOLUTION = {"fully_connected": "conv_2d", "fully_connected_pairs": "conv_2d_pairs"}
_MOST = 65_535  # elements along an axis of ei_conv


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


def geometry(rows: int, in_c: int, out_c: int) -> dict[str, int]:
    """The fields of ei_conv for one tap over rows of one pixel."""
    ones = ("in_w", "out_w", "k_h", "k_w", "stride_h", "stride_w", "dil_h", "dil_w")
    return {**dict.fromkeys(ones, 1), "in_h": rows, "out_h": rows, "in_c": in_c, "out_c": out_c}


def sharing_kernels(calls: Sequence[Call]) -> list[Call]:
    """The calls with dense layers as convolutions of one tap, where there are such kernels anyway:
    one takes less flash than two."""
    there = {call.kernel for call in calls}
    return [
        _as_convolution(call, _CONVOLUTION[call.kernel])
        if _CONVOLUTION.get(call.kernel) in there and _is_short(call)
        else call
        for call in calls
    ]


def _is_short(call: Call) -> bool:
    return all(n <= _MOST for n in (call.rows, call.params["in_c"], call.params["out_c"]))


def _as_convolution(call: Call, kernel: str) -> Call:
    fields = dict(call.params)
    conv = geometry(call.rows, fields.pop("in_c"), fields.pop("out_c"))
    return replace(call, kernel=kernel, params={"conv": {**conv, **fields, "in_zero": 0}})
