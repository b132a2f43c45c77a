# SPDX-License-Identifier: Apache-2.0
"""Pooling."""

from __future__ import annotations

from typing import Any

from edgeinfer.graph import Graph
from tests.ops.cases.common import (
    CASES,
    F32,
    I8,
    I16,
    Rng,
    model,
    out_sizes,
    plain,
    quant,
    sizes,
    symmetric,
    window_options,
)


def pool(op: str, rng: Rng, dtype: Any = I8) -> Graph:
    kernel = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    o = window_options(rng, dilation=False)
    o |= {"filter_height": kernel[0], "filter_width": kernel[1]}
    hw = sizes(rng, kernel, o)
    channels = int(rng.integers(1, 9))
    q = quant(rng) if dtype == I8 else symmetric(rng)
    x = plain("x", (int(rng.choice([1, 2])), *hw, channels), dtype, q)
    y = plain("y", (x.shape[0], *out_sizes(hw, kernel, o), channels), dtype, q)
    version = {I8: 2, I16: 3, F32: 1}[dtype]
    return model(op, [x], y, o, "Pool2DOptions", version)


CASES["L2_POOL_2D"] = lambda rng: pool("L2_POOL_2D", rng, F32)
CASES["AVERAGE_POOL_2D/float"] = lambda rng: pool("AVERAGE_POOL_2D", rng, F32)
CASES["MAX_POOL_2D/float"] = lambda rng: pool("MAX_POOL_2D", rng, F32)
CASES["AVERAGE_POOL_2D"] = lambda rng: pool("AVERAGE_POOL_2D", rng)
CASES["MAX_POOL_2D"] = lambda rng: pool("MAX_POOL_2D", rng)
