# SPDX-License-Identifier: Apache-2.0
"""Layers of float32 with weights: the cases of int8 as what their tensors stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgeinfer.graph import Graph, Tensor
from tests.ops.cases.common import CASES, F32, Make


def real(graph: Graph) -> Graph:
    """Every quantized tensor in float32, constants with the numbers they stand for."""
    return replace(graph, tensors=tuple(map(in_reals, graph.tensors)))


def in_reals(tensor: Tensor) -> Tensor:
    data, quant = tensor.data, tensor.quant
    if quant is None:
        return tensor
    if data is not None:
        along = [1] * data.ndim
        along[quant.axis] = -1
        scale, zero = (v.reshape(along) for v in (quant.scale, quant.zero_point))
        data = ((data - zero) * scale).astype(np.float32)
    return replace(tensor, dtype=F32, quant=None, data=data)


def _of(name: str) -> Make:
    return lambda rng: real(CASES[name](rng))


for case in ("", "wide", "groups"):
    CASES[f"CONV_2D/float {case}".rstrip()] = _of(f"CONV_2D/{case}".rstrip("/"))
for op in ("DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
    CASES[f"{op}/float"] = _of(op)
