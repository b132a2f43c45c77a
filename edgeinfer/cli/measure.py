# SPDX-License-Identifier: Apache-2.0
"""A model's outputs over all samples, and the figures that compare them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from edgeinfer import evaluate, reference
from edgeinfer.cli.ui import Ui, some
from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Array, Graph
from edgeinfer.layerwise import layerwise
from edgeinfer.quantize.observe import batch_size, batches
from edgeinfer.report.charts import decibels, percent

Runner = Callable[[Sequence[Array]], list[Array]]


def float_outputs(
    graph: Graph,
    inputs: Sequence[Array],
    advance: Callable[[float], None],
    in_turn: bool = False,
) -> Array:
    """What a float graph gives for samples [n, …] of each input: its first output, [n, k].

    A graph with state takes them one after the other if `in_turn`; else each finds it at its
    start."""
    if in_turn and reference.is_stateful(graph):
        return outputs(graph, inputs, reference.Reference(graph, quick=True).run, advance)

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


def spread(
    graph: Graph,
    inputs: Sequence[Array],
    runners: Sequence[Runner],
    advance: Callable[[float], None],
) -> Array:
    """The same as `outputs`, the samples shared out to several runners that work side by side."""
    count, step = len(inputs[0]), graph.tensors[graph.inputs[0]].shape[0]
    size = -(-count // (len(runners) * step)) * step
    starts = range(0, count, size)
    done = [0.0] * len(starts)

    def part(number: int) -> Array:
        def tell(share: float) -> None:
            done[number] = share
            advance(sum(done) / len(done))

        mine = [x[starts[number] : starts[number] + size] for x in inputs]
        return outputs(graph, mine, runners[number], tell)

    with ThreadPoolExecutor(len(runners)) as pool:
        return np.concatenate(list(pool.map(part, range(len(starts)))))


def figures(got: Array, labels: Array | None, wanted: Array | None) -> dict[str, Any]:
    """Outputs against labels and against the float model's outputs, as JSON data.

    An SQNR without bound is null; "exact" then tells equality from nonsense."""
    report = evaluate.compare(got, labels, wanted)
    exact = None if wanted is None else report.sqnr_db == math.inf
    return {**report.as_dict(), "exact": exact}


def by_layer(
    graph: Graph, quantized: Graph, inputs: Sequence[Array], advance: Callable[[float], None]
) -> dict[str, Any]:
    """The layers of both graphs side by side, as JSON data."""
    layers, count = layerwise(graph, quantized, inputs, advance)
    return {"layers": layers, "layer_samples": count}


def lines(result: Mapping[str, Any]) -> list[str]:
    """Figures for people."""
    found = []
    if result["top1"] is not None:
        beside = result.get("float_top1")
        other = f", float {beside:.2f} %" if beside is not None else ""
        between = _between(result["top1_interval"], ".1f")
        found.append(f"top-1      {result['top1']:.2f} %{between}{other}")
    if result["agreement"] is not None and (result["top1"], result["kl"]) != (None, None):
        between = _between(result["agreement_interval"], ".1f")
        found.append(
            f"agreement  {result['agreement']:.2f} %{between} with the float model's choice"
        )
    if result["exact"] is not None:
        number = "not a number"
        if result["sqnr_db"] is not None:
            number = f"{result['sqnr_db']:.1f} dB{_between(result['sqnr_interval'], '.1f')}"
        found.append("SQNR       " + ("infinite: no difference" if result["exact"] else number))
    if result["kl"] is not None:
        between = _between(result["kl_interval"], ".2g")
        found.append(f"KL         {result['kl']:.2g} nats{between}")
    return found


def _between(interval: Sequence[float] | None, form: str) -> str:
    if interval is None:
        return ""
    low, high = interval
    return f" (95 %: {low:{form}} to {high:{form}})"


def say_layers(result: Mapping[str, Any], ui: Ui) -> None:
    """The table of layers, if there is one."""
    if not result.get("layers"):
        return
    rows = [
        [
            "" if layer["layer"] < 0 else str(layer["layer"]),
            layer["op"],
            layer["name"],
            decibels(layer["sqnr_db"], layer["exact"]),
            f"{layer['range_used']:.0f} %",
            percent(layer["saturated"]),
            ", ".join(f"{c['channel']} ({c['noise']:.0f} %)" for c in layer["worst"]),
        ]
        for layer in result["layers"]
    ]
    ui.say()
    ui.say(f"Layer by layer against float, on {some(result['layer_samples'], 'sample')}:")
    heads = ["", "operator", "output", "SQNR", "range used", "saturated", "worst channels (noise)"]
    ui.table(rows, heads, "rllrrrl", cut=2)
    if any(layer["rescaled"] for layer in result["layers"]):
        ui.say("Equalized channels are compared in the scales of the float model.")
