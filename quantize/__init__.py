# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization: float graph + samples → int8 graph.

The stages, each a file: samples (read and check), check (is the network float and supported),
observe (run it) with ranges (estimate), assign (scales), convert (int8 graph)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import edgeinfer
from edgeinfer.graph import Array, Graph
from edgeinfer.lower import lower
from edgeinfer.quantize.assign import Assignment, assign
from edgeinfer.quantize.check import check_float
from edgeinfer.quantize.convert import convert
from edgeinfer.quantize.observe import Progress, observe
from edgeinfer.quantize.params import Range
from edgeinfer.quantize.ranges import METHODS, method
from edgeinfer.quantize.samples import Samples, check, load

__all__ = [
    "DEFAULT_PERCENTILE",
    "DEFAULT_RANGES",
    "METHODS",
    "Quantized",
    "Samples",
    "check",
    "load",
    "quantize",
]

# Mean KL divergence ×1e-4 over six random splits (100 samples to calibrate, the others to judge),
# min-max → percentile 99.995: kws01 33 → 18, vww01 15 → 10, ic01 76 → 52, digits 2.5 → 2.7.
DEFAULT_RANGES, DEFAULT_PERCENTILE = "percentile", 99.995


@dataclass(frozen=True)
class Quantized:
    """What quantization gives."""

    graph: Graph  # int8
    recipe: dict[str, Any]  # how it was made: plain JSON data, to be kept beside the model
    warnings: list[str]


def quantize(
    graph: Graph,
    samples: Samples | Array | Mapping[str, Array],
    *,
    ranges: str = DEFAULT_RANGES,
    percentile: float = DEFAULT_PERCENTILE,
    io: str = "int8",
    per_channel: bool = True,
    progress: Progress | None = None,
) -> Quantized:
    """The int8 graph of a float32 graph, by the TFLite int8 specification.

    `samples` are float32 [n, …], by input name if there are several inputs; `ranges` is "minmax" or
    "percentile" (then `percentile` of the values lie below the upper end, and as many above the
    lower); `io` "int8" or "float32"; `progress` is called with samples done and in all. Raises
    QuantizeError, UnsupportedError or DataError, the first two for what a run cannot change
    before the first sample is run."""
    check_float(graph)
    make = method(ranges)
    make(1, percentile)
    _rehearse(graph, per_channel, io)
    checked = samples if isinstance(samples, Samples) else check(graph, samples)

    found = observe(graph, checked.inputs, lambda count: make(count, percentile), progress)
    assigned = assign(graph, found)
    result, warnings = convert(graph, assigned.quants, per_channel=per_channel, io=io)
    lower(result)
    settings = {
        "ranges": ranges,
        "percentile": percentile,
        "io": io,
        "per_channel": per_channel,
    }
    recipe = _recipe(graph, settings, len(checked), found, assigned)
    return Quantized(result, recipe, [*checked.warnings, *assigned.warnings, *warnings])


def _rehearse(graph: Graph, per_channel: bool, io: str) -> None:
    """Quantize with made-up ranges, so that what no kernel runs is refused at once."""
    unit: dict[int, Range] = dict.fromkeys(graph.activations(), (-1.0, 1.0))
    lower(convert(graph, assign(graph, unit).quants, per_channel=per_channel, io=io)[0])


def _recipe(
    graph: Graph,
    settings: Mapping[str, Any],
    count: int,
    found: Mapping[int, Range],
    assigned: Assignment,
) -> dict[str, Any]:
    """`settings` are the keyword arguments that repeat the run; `tensors` is what it chose."""
    tensors = []
    for t, (low, high) in found.items():
        scale, zero_point = assigned.quants[t].scale[0], assigned.quants[t].zero_point[0]
        tensors.append(
            {
                "tensor": t,
                "name": graph.tensors[t].name,
                "low": low,
                "high": high,
                "scale": float(scale),
                "zero_point": int(zero_point),
            }
        )
    return {
        "edgeinfer": edgeinfer.__version__,
        "settings": dict(settings),
        "samples": count,
        "tensors": tensors,
    }
