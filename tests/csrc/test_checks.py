# SPDX-License-Identifier: Apache-2.0
"""Parameters that would lead a kernel out of its memory, and that mutation finds only by luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgeinfer.compile import make_plan
from edgeinfer.errors import ImageError
from edgeinfer.image import pack
from edgeinfer.lower import lower
from edgeinfer.plan import FASTEST
from edgeinfer.session import Session
from tests.ops.cases import CASES

ARENA = 1 << 17  # bytes
DATA = np.ones(ARENA, np.uint8)  # constants of any kind; as shifts they are in range
WORDS = np.ones(ARENA // 4, np.int32)  # likewise, for filters in quads
FAR = 65535
ONE = dict.fromkeys(("in_h", "in_w", "out_h", "out_w", "k_h", "k_w", "stride_h", "stride_w"), 1)
ONE |= {"pad_top": 0, "pad_left": 0}
CHANNELS = dict.fromkeys(("in_c", "out_c", "dil_h", "dil_w"), 1)
CONVOLUTIONS = {
    "conv_2d": ("CONV_2D", "rows", {}),
    "conv_2d_pairs": ("CONV_2D", "pairs", {}),
    "conv_2d_quads": ("CONV_2D", "quads", {}),
    "conv_2d_groups": ("CONV_2D/groups", "pairs", {"group_in": 1, "group_out": 1}),
    "conv_16": ("CONV_2D/int16", "pairs", {"group_in": 1, "group_out": 1}),
    "conv_float": ("CONV_2D/float", "pairs", {"group_in": 1, "group_out": 1}),
    "depthwise_conv_2d": ("DEPTHWISE_CONV_2D", "pairs", {"multiplier": 1}),
    "depthwise_float": ("DEPTHWISE_CONV_2D/float", "pairs", {"multiplier": 1}),
}
POOLS = {
    "average_pool_2d": "AVERAGE_POOL_2D",
    "max_pool_2d": "MAX_POOL_2D",
    "pool_16": "AVERAGE_POOL_2D/int16",
}


def verify(op: str, layout: str, kernel: str, params: Mapping[str, Any], scratch: int = 0) -> None:
    """Raises ImageError if the C library refuses one row of this kernel with these parameters."""
    rng = np.random.default_rng(3)
    plan = make_plan(lower(CASES[op](rng), layout), FASTEST)
    while plan.steps[0].call.kernel != kernel:
        plan = make_plan(lower(CASES[op](rng), layout), FASTEST)
    step = plan.steps[0]
    data = WORDS if kernel.endswith("_quads") else DATA
    call = replace(step.call, params=params, consts=dict.fromkeys(step.call.consts, data))
    step = replace(step, call=call, y0=0, y1=1, in_y0=0, inputs=(0,), out=0, scratch=scratch)
    Session(pack(replace(plan, steps=(step,), arena_bytes=ARENA)))


def convolve(kernel: str, scratch: int = 0, **fields: int) -> None:
    op, layout, more = CONVOLUTIONS[kernel]
    verify(op, layout, kernel, {"conv": {**ONE, **CHANNELS, **fields}, **more}, scratch)


@pytest.mark.parametrize("kernel", CONVOLUTIONS)
def test_convolutions_refuse_windows_without_an_end(kernel: str) -> None:
    convolve(kernel)
    with pytest.raises(ImageError):
        convolve(kernel, in_w=0, k_w=2, pad_left=1)  # an input without columns
    with pytest.raises(ImageError):
        convolve(kernel, k_h=32769, dil_h=FAR)  # the last tap is 2^31 rows further
    with pytest.raises(ImageError):
        convolve(kernel, k_h=FAR, dil_h=FAR)
    with pytest.raises(ImageError):
        convolve(kernel, in_w=FAR, dil_h=FAR)  # from row to row there are more than 2^31 bytes


@pytest.mark.parametrize("variant", ["", "16", "float"])
def test_transposed_convolutions_refuse_what_has_no_taps(variant: str) -> None:
    kernel = f"transpose_conv_{variant}".rstrip("_")
    op = "TRANSPOSE_CONV" + {"": "", "16": "/int16", "float": "/float"}[variant]

    def transposed(**fields: int) -> None:
        verify(op, "rows", kernel, {"conv": {**ONE, **CHANNELS, **fields}}, 4)

    transposed()
    transposed(out_h=FAR, stride_h=10_000, stride_w=3, pad_top=FAR)
    for field in ("in_h", "in_w", "in_c", "out_w", "out_c", "k_h", "k_w", "stride_h", "stride_w"):
        with pytest.raises(ImageError):
            transposed(**{field: 0})
    with pytest.raises(ImageError):
        transposed(in_w=FAR, in_c=FAR)  # a row of 2^32 bytes
    with pytest.raises(ImageError):
        transposed(k_h=FAR, k_w=FAR)


@pytest.mark.parametrize("kernel", POOLS)
def test_pools_refuse_an_input_without_columns(kernel: str) -> None:
    verify(POOLS[kernel], "pairs", kernel, {**ONE, "channels": 1})
    with pytest.raises(ImageError):
        verify(
            POOLS[kernel],
            "pairs",
            kernel,
            {**ONE, "channels": 1, "in_w": 0, "k_w": 2, "pad_left": 1},
        )


def test_windows_below_the_input_are_not_read_in_place() -> None:
    """One window, of which one row lies in the input: it must be gathered, which needs scratch.
    The last of so many windows begins beyond 2^31."""
    with pytest.raises(ImageError):
        convolve("conv_2d", ARENA - 4, out_h=FAR, k_h=FAR, stride_h=FAR)


def test_so_many_windows_still_need_a_block() -> None:
    """Their number, in 32 bits with a sign, is negative."""
    wide = {"out_h": FAR, "out_w": FAR - 1, "in_w": FAR - 1}
    convolve("conv_2d_pairs", ARENA - 64, k_h=2, **wide)
    with pytest.raises(ImageError):
        convolve("conv_2d_pairs", ARENA - 4, k_h=2, **wide)


def test_loops_that_write_nothing_are_refused() -> None:
    """They would run for minutes, and no memory bounds them."""
    params = {"type": 0, "out_type": 3, "outer": 0xFFFFFFFF, "count": 1}
    verify("ARG_MAX", "pairs", "arg_max", {**params, "outer": 1, "inner": 1})
    with pytest.raises(ImageError):
        verify("ARG_MAX", "pairs", "arg_max", {**params, "inner": 0})
