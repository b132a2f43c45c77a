# SPDX-License-Identifier: Apache-2.0
"""What TFLite's reference kernels run of an operator, type by type, runs here or is a known gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgeinfer.errors import EdgeinferError
from edgeinfer.graph import Graph, Quant, Tensor
from edgeinfer.lower import lower
from edgeinfer.ops import OPS
from edgeinfer.verify import TfliteReference
from tests.ops.cases import CASES

GAPS = {
    "uint8": {"DIV": "TFLite shifts small quotients by more than 31 bits (edgeinfer/unsigned.py)"},
}


def retyped(graph: Graph, dtype: np.dtype[Any]) -> Graph:
    """A layer whose activations, and constants like them, have another type.

    Constants of int32 are axes and sizes."""
    given = next(graph.tensors[t] for t in graph.nodes[0].inputs if graph.tensors[t].data is None)

    def change(tensor: Tensor) -> Tensor:
        data = tensor.data
        if tensor.dtype != given.dtype or (data is not None and data.dtype == np.int32):
            return tensor
        up = 128 if tensor.dtype == np.int8 and dtype == np.uint8 else 0
        changed = None if data is None else (data.astype(float) + up).astype(dtype)
        return replace(tensor, dtype=dtype, quant=_quant(tensor, dtype, up), data=changed)

    return replace(graph, tensors=tuple(map(change, graph.tensors)))


def _quant(tensor: Tensor, dtype: np.dtype[Any], up: int) -> Quant | None:
    if dtype.itemsize > 2 or dtype == np.bool_:
        return None
    if tensor.quant is None or tensor.dtype != np.int8 or dtype == np.int16:
        return Quant.per_tensor(0.1, 0)
    return replace(tensor.quant, zero_point=tensor.quant.zero_point + up)


def oracle_runs(graph: Graph) -> bool:
    inputs = [np.ones(graph.tensors[t].shape, graph.tensors[t].dtype) for t in graph.inputs]
    try:
        TfliteReference(graph).run(inputs)
    except (EdgeinferError, RuntimeError, ValueError):
        return False
    return True


def runs(graph: Graph) -> bool:
    try:
        lower(graph)
    except EdgeinferError:
        return False
    return True


def layers(op: str) -> Iterator[Graph]:
    """Two models of each case of an operator that are one layer with an activation.

    Without state, whose type is another: the oracle would write past its end."""
    for name in (n for n in CASES if n.split("/")[0] == op):
        rng = np.random.default_rng([*name.encode()])
        for graph in (CASES[name](rng) for _ in range(2)):
            state = any(t.is_variable for t in graph.tensors)
            if len(graph.nodes) == 1 and graph.inputs and not state:
                yield graph


@pytest.mark.parametrize("name", ["bool", "float32", "int8", "int16", "int32", "int64", "uint8"])
def test_what_the_oracle_runs_runs_here(name: str) -> None:
    gaps = set()
    for op in (op for op in OPS if not op.startswith("CUSTOM:")):  # those are TFLite Micro's
        models = (
            [] if op.startswith("CUSTOM:") else [retyped(g, np.dtype(name)) for g in layers(op)]
        )
        accepted = [model for model in models if oracle_runs(model)]
        if accepted and not any(map(runs, accepted)):
            gaps.add(op)
    assert gaps == set(GAPS.get(name, ()))
