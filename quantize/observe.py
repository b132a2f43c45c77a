# SPDX-License-Identifier: Apache-2.0
"""Runs the float graph over the samples and estimates each tensor's range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgeinfer import reference
from edgeinfer.errors import EdgeinferError, QuantizeError
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize.params import Range
from edgeinfer.quantize.ranges import Estimator

Progress = Callable[[int, int], None]  # samples done, samples in all
BATCH_ELEMENTS = 1 << 20  # of the largest tensor, so that a laptop's memory is enough
BATCH_MAX = 64


def observe(
    graph: Graph,
    samples: Sequence[Array],
    estimator: Callable[[int], Estimator],
    progress: Progress | None = None,
) -> dict[int, Range]:
    """The range of each float activation: tensor index → (low, high).

    `samples` has one float32 array [n, …] for each input; `estimator` makes a tensor's estimator
    from its number of values. Raises QuantizeError if the network computes NaN or infinity."""
    count = len(samples[0])
    step = batch_size(graph, samples)
    unit = graph.tensors[graph.inputs[0]].shape[0]  # images in one run of the model
    seen = -(-count // unit) * unit
    estimators: dict[int, Estimator] = {}

    def take(index: int, values: Array) -> None:
        tensor = graph.tensors[index]
        if values.dtype != np.float32:
            return
        if not np.isfinite(values).all():
            raise QuantizeError(
                f"Tensor '{tensor.name}' becomes infinite or NaN on these samples.",
                "Check how the samples are scaled, and the network itself.",
            )
        if index not in estimators:
            estimators[index] = estimator(tensor.size * seen // unit)
        estimators[index].update(values)

    for rows in batches(np.arange(count), step, unit):
        with np.errstate(over="ignore", invalid="ignore"):
            reference.run(graph, [x[rows] for x in samples], take)
        if progress is not None:
            progress(int(rows[-1]) + 1, count)
    return {index: found.range() for index, found in estimators.items()}


def batches(rows: Array, step: int, unit: int) -> Iterator[Array]:
    """Rows in parts of `step`, each filled up with its last to a multiple of the model's batch."""
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        yield np.concatenate([part, np.repeat(part[-1:], -len(part) % unit)])


def batch_size(graph: Graph, samples: Sequence[Array]) -> int:
    """How many samples to run at once: a multiple of the model's own batch.

    Only that many when the network mixes the samples of a batch (a mean over them, say)."""
    unit = graph.tensors[graph.inputs[0]].shape[0]
    largest = max(graph.tensors[t].size for t in graph.activations())
    fitting = max(1, min(BATCH_MAX, BATCH_ELEMENTS // max(largest, 1)))
    return unit if fitting == 1 or mixes_samples(graph, samples) else fitting * unit


def mixes_samples(graph: Graph, samples: Sequence[Array]) -> bool:
    """Whether a sample's outputs depend on what else is in the batch, or the batch has one size."""
    unit = graph.tensors[graph.inputs[0]].shape[0]
    if len(samples[0]) < 2 * unit:
        return len(samples[0]) != unit
    pair = [x[: 2 * unit] for x in samples]
    with np.errstate(all="ignore"):
        single = [reference.run(graph, [x[i : i + unit] for x in pair]) for i in (0, unit)]
        try:
            both = reference.run(graph, pair)
        except (ValueError, IndexError, EdgeinferError):
            return True
    for position, joined in enumerate(both):
        apart = np.concatenate([outputs[position] for outputs in single]) if joined.ndim else joined
        near = 1e-4 * float(np.abs(apart).max(initial=0.0)) + 1e-6
        if joined.shape != apart.shape or not np.allclose(joined, apart, 1e-3, near, True):
            return True
    return False
