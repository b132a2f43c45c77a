# SPDX-License-Identifier: Apache-2.0
"""BATCH_MATMUL of int8, int16 and float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.graph import Graph, Quant, Tensor
from tests.ops.cases.common import (
    CASES,
    F32,
    I8,
    I16,
    Rng,
    case,
    constant,
    model,
    output_scale,
    plain,
    quant,
    symmetric,
)
from tests.ops.cases.wide import result


def batch_matmul(rng: Rng, dtype: Any, repeats: bool = False) -> Graph:
    """Or a transposed x by a y that `repeats` for the last batch dimension of x: TFLite 2.14 mixes
    up its rows, TFLite Micro does not."""
    m, k, n = (int(size) for size in rng.integers(1, (6, 30, 6)))
    batch = tuple(int(size) for size in rng.integers(1, 4, int(rng.integers(0, 3))))
    batches = [batch, batch]
    if batch and rng.random() < 0.5:
        broadcast = tuple(size if rng.random() < 0.5 else 1 for size in batch)
        batches[int(rng.integers(0, 2))] = broadcast[int(rng.integers(0, len(batch) + 1)) :]
    o = {"adj_x": bool(rng.random() < 0.3), "adj_y": bool(rng.random() < 0.5)}
    if repeats:
        batches, o["adj_x"] = [(2, 3), (2, 1)], True
    elif (
        batch and batch[-1] > 1 and batches[0][-1:] == batch[-1:] and batches[1][-1:] in ((), (1,))
    ):
        o["adj_x"] = False
    shapes = [(*batches[0], *((k, m) if o["adj_x"] else (m, k)))]
    shapes += [(*batches[1], *((n, k) if o["adj_y"] else (k, n)))]
    make = symmetric if dtype == I16 else quant
    x, y = make(rng), make(rng)
    inputs = [plain("x", shapes[0], dtype, x), plain("y", shapes[1], dtype, y)]
    if dtype == I8 and rng.random() < 0.4:
        if rng.random() < 0.5:
            y = Quant.per_tensor(float(y.scale[0]), 0)
        inputs[1] = constant("y", rng.integers(-128, 128, shapes[1]).astype(np.int8), y)
    out = (result if dtype == I16 else output_scale)(rng, x, y, k)
    if dtype == I16:
        out = Quant.per_tensor(float(out.scale[0]) * 200, 0)
    shape = (*np.broadcast_shapes(batches[0], batches[1]), m, n)
    versions = {I8: 2, I16: 3, F32: 1}
    z: Tensor = plain("z", shape, dtype, out)
    return model("BATCH_MATMUL", inputs, z, o, "BatchMatMulOptions", versions[dtype])


CASES["BATCH_MATMUL"] = lambda rng: batch_matmul(rng, I8)
CASES["BATCH_MATMUL/int16"] = lambda rng: batch_matmul(rng, I16)
case("BATCH_MATMUL/repeats", oracle=False)(lambda rng: batch_matmul(rng, I8, repeats=True))
CASES["BATCH_MATMUL/float32"] = lambda rng: batch_matmul(rng, F32)
