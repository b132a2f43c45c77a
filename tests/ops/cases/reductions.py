# SPDX-License-Identifier: Apache-2.0
"""Reductions."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Graph, Quant
from tests.ops.cases.common import Rng, activation, case, constant, model, quant


@case("MEAN")
def mean(rng: Rng) -> Graph:
    shape = tuple(int(n) for n in rng.integers(1, 8, 4))
    axes = [(1, 2), (2, 1), (1,), (3,), (2,), (2, 3), (1, 2, 3)][int(rng.integers(0, 7))]
    keep = bool(rng.integers(0, 2))
    out = tuple(1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes)
    x = quant(rng)
    y = (
        x
        if rng.random() < 0.3
        else Quant.per_tensor(
            float(x.scale[0]) * rng.uniform(0.3, 1.5), int(rng.integers(-128, 128))
        )
    )
    inputs = [activation("x", shape, x), constant("axes", np.array(axes, np.int32))]
    return model("MEAN", inputs, activation("y", out, y), {"keep_dims": keep}, "ReducerOptions", 2)
