# SPDX-License-Identifier: Apache-2.0
"""The kernel `requantize`: integers of one type and scale to another, clipped."""

from __future__ import annotations

from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.broadcast import dtype_code


def requantize_call(site: Site, mult: int, shift: int, least: int, most: int) -> Call:
    """The call for an operator of one input, whose output lies in [least, most].

    Raises UnsupportedError for a type that images do not have."""
    x, y = site.input(0), site.output
    params = {
        "in_type": dtype_code(site, 0),
        "out_type": dtype_code(site),
        "count": y.size,
        "in_zero": x.zero_point,
        "out_zero": y.zero_point,
        "mult": mult,
        "shift": shift,
    }
    if y.dtype.itemsize < 4:  # the kernel does not clip int32
        params |= {"act_min": least, "act_max": most}
    inplace = (0,) if x.dtype.itemsize >= y.dtype.itemsize else ()
    return Call("requantize", params, (site.in_ref(0),), site.out_ref(), inplace=inplace)
