# SPDX-License-Identifier: Apache-2.0
"""Element-wise functions of one tensor of plain integers: the kernel `unary_int`."""

from __future__ import annotations

from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.broadcast import dtype_code

CODES = {"ABS": 0, "NEG": 1}
"""enum in csrc/kernels/unary_int.c"""


def int_call(site: Site, name: str) -> Call:
    """The kernel call of a function, for input and output of one type."""
    params = {"op": CODES[name], "type": dtype_code(site), "count": site.output.size}
    return Call("unary_int", params, (site.in_ref(0),), site.out_ref(), inplace=(0,))
