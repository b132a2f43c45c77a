# SPDX-License-Identifier: Apache-2.0
"""Our packing for stock TensorFlow Lite Micro: its OfflineMemoryAllocation metadata.

Little-endian int32: format version, number of subgraphs (both ignored by TFLM), number of tensors,
then each tensor's byte offset from the start of the arena's head, −1 where TFLM shall decide.
Sources: tflite-micro, tensorflow/lite/micro/docs/memory_management.md, "Offline planned tensor
allocations", and micro_allocation_info.cc, which refuses any other number of tensors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgeinfer.errors import PlanError
from edgeinfer.graph import Graph
from edgeinfer.plan.buffers import Buffer
from edgeinfer.plan.solver import solve

METADATA_KEY = "OfflineMemoryAllocation"
UNPLANNED = -1
_VERSION = 1
_ALIGN = 16  # bytes, as TFLM's own planner


def offline_metadata(
    graph: Graph, *, seconds: float = 5.0, progress: Callable[[float], None] | None = None
) -> bytes:
    """The metadata buffer that gives TFLM the smallest arena head for its activations.

    Each operator is one step, nothing is in place and every tensor has its own bytes, because
    TFLM's kernels promise no more. TFLM itself fits constants, variables and scratch around them.
    Raises PlanError for a graph with further subgraphs, whose offsets TFLM versions read
    differently."""
    if graph.subgraphs:
        raise PlanError(
            "The model has several subgraphs, for which there is no offline memory plan.",
            "Write it without one: TFLM then plans at run time.",
        )
    packing = solve(_lifetimes(graph), align=_ALIGN, seconds=seconds, progress=progress)
    places = [packing.offsets.get(t, UNPLANNED) for t in range(len(graph.tensors))]
    return np.array([_VERSION, 1, len(places), *places], "<i4").tobytes()


def read_offline(data: bytes, n_tensors: int) -> list[int]:
    """The byte offset of each tensor, −1 for those left to TFLM.

    Raises PlanError if the metadata does not belong to a model of `n_tensors` tensors."""
    words = np.frombuffer(data[: len(data) // 4 * 4], "<i4")
    if len(data) % 4 or len(words) < 3 or words[2] != n_tensors or len(words) - 3 < n_tensors:
        raise PlanError(
            f"The {METADATA_KEY} metadata is damaged or made for another model.",
            "Write the model again without it.",
        )
    return [int(word) for word in words[3 : 3 + n_tensors]]


def _lifetimes(graph: Graph) -> list[Buffer]:
    end = max(len(graph.nodes) - 1, 0)
    spans: dict[int, tuple[int, int]] = {}

    def use(tensor: int, step: int) -> None:
        if tensor < 0:
            return
        entry = graph.tensors[tensor]
        if entry.data is None and not entry.is_variable and entry.nbytes:
            first, last = spans.get(tensor, (step, step))
            spans[tensor] = (min(first, step), max(last, step))

    for tensor in graph.inputs:
        use(tensor, 0)
    for step, node in enumerate(graph.nodes):
        for tensor in (*node.inputs, *node.outputs):
            use(tensor, step)
    for tensor in graph.outputs:
        use(tensor, end)
    return [Buffer(t, graph.tensors[t].nbytes, *span) for t, span in sorted(spans.items())]
