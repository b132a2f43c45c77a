# SPDX-License-Identifier: Apache-2.0
"""Pooling."""

from __future__ import annotations

from edgeinfer.graph import Graph
from tests.ops.cases.common import (
    CASES,
    Rng,
    activation,
    model,
    out_sizes,
    quant,
    sizes,
    window_options,
)


def pool(op: str, rng: Rng) -> Graph:
    kernel = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    o = window_options(rng, dilation=False)
    o |= {"filter_height": kernel[0], "filter_width": kernel[1]}
    hw = sizes(rng, kernel, o)
    channels, q = int(rng.integers(1, 9)), quant(rng)
    x = activation("x", (int(rng.choice([1, 2])), *hw, channels), q)
    y = activation("y", (x.shape[0], *out_sizes(hw, kernel, o), channels), q)
    return model(op, [x], y, o, "Pool2DOptions", 2)


CASES["AVERAGE_POOL_2D"] = lambda rng: pool("AVERAGE_POOL_2D", rng)
CASES["MAX_POOL_2D"] = lambda rng: pool("MAX_POOL_2D", rng)
