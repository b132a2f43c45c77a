# SPDX-License-Identifier: Apache-2.0
"""A model's outputs over all samples, and the figures that compare them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer import evaluate, reference
from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize.observe import batch_size, batches

Runner = Callable[[Sequence[Array]], list[Array]]


def float_outputs(graph: Graph, inputs: Sequence[Array], advance: Callable[[float], None]) -> Array:
    """What a float graph gives for samples [n, …] of each input: its first output, [n, k]."""

    def run(batch: Sequence[Array]) -> list[Array]:
        with np.errstate(over="ignore", invalid="ignore"):
            return reference.run(graph, batch)

    return outputs(graph, inputs, run, advance, batch_size(graph, inputs))


def outputs(
    graph: Graph,
    inputs: Sequence[Array],
    run: Runner,
    advance: Callable[[float], None],
    batch: int | None = None,
) -> Array:
    """The first output in real numbers, [n, k], of a graph that `run` runs.

    `inputs` are real samples [n, …] of each input; `batch` of them are run at once, by default as
    many as the model takes. The last batch is filled up with the last sample."""
    count, tensors = len(inputs[0]), [graph.tensors[t] for t in graph.inputs]
    result = graph.tensors[graph.outputs[0]]
    step = batch or tensors[0].shape[0]
    found: list[Array] = []
    for rows in batches(np.arange(count), step, step):
        fed = [evaluate.to_input(t, x[rows]) for t, x in zip(tensors, inputs, strict=True)]
        got = evaluate.from_output(result, run(fed)[0])
        if got.size % step:
            raise UnsupportedError(
                f"The output '{result.name}' of shape {result.shape} is not one row per sample.",
                "Evaluate a model with a batch of 1.",
            )
        found.append(got.reshape(step, -1))
        advance(float(rows[-1] + 1) / count)
    return np.concatenate(found)[:count]


def figures(got: Array, labels: Array | None, wanted: Array | None) -> dict[str, Any]:
    """Outputs against labels and against the float model's outputs, as JSON data.

    An SQNR without bound is null; "exact" then tells equality from nonsense."""
    report = evaluate.compare(got, labels, wanted)
    exact = None if wanted is None else report.sqnr_db == math.inf
    return {**report.as_dict(), "exact": exact}


def lines(result: Mapping[str, Any]) -> list[str]:
    """Figures for people."""
    found = []
    if result["top1"] is not None:
        low, high = result["top1_interval"]
        beside = result.get("float_top1")
        other = f", float {beside:.2f} %" if beside is not None else ""
        found.append(f"top-1      {result['top1']:.2f} % (95 %: {low:.1f} to {high:.1f}){other}")
    if result["agreement"] is not None and (result["top1"], result["kl"]) != (None, None):
        found.append(f"agreement  {result['agreement']:.2f} % with the float model's choice")
    if result["exact"] is not None:
        number = "not a number" if result["sqnr_db"] is None else f"{result['sqnr_db']:.1f} dB"
        found.append("SQNR       " + ("infinite: no difference" if result["exact"] else number))
    if result["kl"] is not None:
        found.append(f"KL         {result['kl']:.2g} nats")
    return found
