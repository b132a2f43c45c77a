# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization: float graph + samples → int8 graph.

The stages, each a file: samples (read and check), check (is the network float and supported),
prepare, norms and pools (constants, fused activations, folded batch normalization, means with
scales of their own), search (equalization and ranges) or observe with ranges, assign (scales),
reconstruct (weights and biases), convert (int8 graph). From the search on they are an attempt, and
tries makes several and keeps the best. docs/quantizer.md tells what each does and what it
brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache as once
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer.errors import QuantizeError, UnsupportedError
from edgeinfer.graph import Array, Graph
from edgeinfer.inspection import short_name
from edgeinfer.lower import lower
from edgeinfer.quantize import prepare
from edgeinfer.quantize import real as floats
from edgeinfer.quantize import wide as wides
from edgeinfer.quantize.assign import assign
from edgeinfer.quantize.attempt import Progress, Task, attempt
from edgeinfer.quantize.check import check_float
from edgeinfer.quantize.convert import convert
from edgeinfer.quantize.judge import Judge
from edgeinfer.quantize.norms import fold_norms
from edgeinfer.quantize.observe import batch_size, mixes_samples
from edgeinfer.quantize.outliers import tamed
from edgeinfer.quantize.params import Range
from edgeinfer.quantize.pools import with_means
from edgeinfer.quantize.probes import Loss
from edgeinfer.quantize.ranges import METHODS
from edgeinfer.quantize.recipe import written
from edgeinfer.quantize.refine import refined
from edgeinfer.quantize.resume import Cache, fingerprint
from edgeinfer.quantize.samples import Samples, check, load
from edgeinfer.quantize.settings import FAST, Settings
from edgeinfer.quantize.tries import best_of
from edgeinfer.quantize.unstack import without_turns
from edgeinfer.quantize.wide import Forms
from edgeinfer.reference import is_stateful

__all__ = ["FAST", "METHODS", "Quantized", "Samples", "Settings", "check", "load", "quantize"]

SAMPLES_MAX = 256  # that the search and the reconstruction look at, spread evenly
ELEMENTS_MAX = 1 << 26  # of the largest activation over all of these


@dataclass(frozen=True)
class Quantized:
    """What quantization gives."""

    graph: Graph  # int8
    recipe: dict[str, Any]  # how it was made: plain JSON data, to be kept beside the model
    warnings: list[str]
    samples: Samples  # that calibrated it: without outliers, or with these as they were taken


def quantize(
    graph: Graph,
    samples: Samples | Array | Mapping[str, Array],
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
    misfit: Callable[[Graph], str] | None = None,
    **options: Any,
) -> Quantized:
    """The int8 graph of a float32 graph, by the TFLite int8 specification.

    `samples` are float32 [n, …], by input name if there are several inputs; `options` are fields of
    Settings (`**FAST` for the simple pipeline); `progress` is called with a stage's name and the
    part of it that is done; `cache` is a folder for what lets an interrupted run go on. `misfit`
    says why a graph breaks a budget (empty if not): int16 activations stay within it. Raises
    QuantizeError, UnsupportedError or DataError, the first two for what a run cannot change before
    the first sample is run."""
    settings = Settings.of(options)
    tell = progress or (lambda stage, part: None)
    graph = without_turns(check_float(graph))
    _rehearse(graph, settings)
    checked = samples if isinstance(samples, Samples) else check(graph, samples)
    settings, warnings = _possible(graph, checked, settings)
    given = graph

    if settings.fold:
        graph = prepare.without_orphans(fold_norms(graph))
    if settings.pool_scales and settings.activations == "int8":
        graph = with_means(graph)
    if settings.reconstructs or settings.equalize:
        graph = prepare.own_constants(prepare.fuse_activations(graph))
    if settings.robust:
        step = batch_size(graph, checked.inputs)
        checked, notes = tamed(graph, checked, step, lambda part: tell("Checking samples", part))
        warnings += notes
    few = _spread(graph, checked.inputs)
    kept = Cache(cache and cache / fingerprint(graph, checked.inputs, settings.as_dict()))
    task, judge = Task(given, graph, checked, few, misfit), once(lambda: Judge(graph, few))
    tried = best_of(
        settings,
        lambda *how: attempt(task, *how),
        lambda made: float(judge().losses(made.converted()[0]).mean()),
        kept,
        tell,
    )
    made = tried.best
    quants, fitted, found = made.forms.narrow, made.fitted, dict(made.ranges)
    if settings.refine:
        quants, fitted = refined(
            judge(),
            made.graph,
            made.forms,
            fitted,
            lambda *scales: made.converted(*scales)[0],
            settings.seed,
            lambda part: tell("Refining scales", part),
        )
        changed = (t for t in found if not quants[t].equals(made.forms.narrow[t]))
        found |= {t: Forms(quants).reals(t) for t in changed}
    result, dead = made.converted(quants, fitted)
    lower(result)
    kept.clear()
    forms = replace(made.forms, narrow=quants)
    recipe = written(
        made.graph, made.settings, len(checked), found, forms, made.losses, tried.losses
    )
    warnings += [*made.warnings, *made.notes, *dead]
    return Quantized(result, recipe, [*checked.warnings, *warnings], checked)


def _possible(graph: Graph, samples: Samples, settings: Settings) -> tuple[Settings, list[str]]:
    """The settings that this network allows, and a warning if they are not those wished for."""
    if settings.reconstructs and not is_stateful(graph) and mixes_samples(graph, samples.inputs):
        plain = {k: v for k, v in FAST.items() if k != "ranges" or settings.ranges == "search"}
        return replace(settings, **plain), [
            "The network mixes the samples of a batch, which only the simple pipeline can follow."
        ]
    if settings.mixed and not Loss(graph, 0).usable:
        raise QuantizeError(
            "The network has an operator whose gradient is not known, without which nothing says "
            "which layers need 16 bits.",
            "Let all activations be int16, or name those that are to be.",
        )
    if settings.searches and not Loss(graph, 0).usable:
        ranges = "percentile" if settings.ranges == "search" else settings.ranges
        return replace(settings, ranges=ranges, equalize=False), [
            "The network has an operator whose gradient is not known: ranges are taken by "
            "percentile, and channels are not equalized."
        ]
    return settings, []


def _spread(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """So many of the samples as memory and patience allow, filled up to the model's batch."""
    count, unit = len(inputs[0]), graph.tensors[graph.inputs[0]].shape[0]
    largest = max(graph.tensors[t].size for t in graph.activations()) // unit
    most = min(count, SAMPLES_MAX, max(ELEMENTS_MAX // max(largest, 1), 8))
    rows = np.linspace(0, count - 1, most).round().astype(np.int64)
    rows = np.concatenate([rows, np.repeat(rows[-1:], -len(rows) % unit)])
    return [x[rows] for x in inputs]


def _rehearse(graph: Graph, settings: Settings) -> None:
    """Quantize with made-up ranges, so that what no kernel runs is refused at once."""
    unit: dict[int, Range] = dict.fromkeys(graph.activations(), (-1.0, 1.0))
    quants = assign(graph, unit).quants
    real = floats.reals(graph, floats.named(graph, settings.floats), settings.io)
    types = wides.able(graph, settings.io, real) if settings.activations == "int16" else frozenset()
    options: dict[str, Any] = {"per_channel": settings.per_channel, "wide": types, "real": real}
    try:
        lower(convert(graph, quants, io=settings.io, **options)[0])
    except UnsupportedError as error:
        only = floats.only_real(graph, lambda part: convert(part, quants, **options)[0])
        if not only:
            raise
        outputs = (graph.tensors[graph.nodes[i].outputs[0]].name for i in only)
        ways = " ".join(f"--float '{short_name(name)}'" for name in outputs)
        raise UnsupportedError(
            f"There is no int8 for {', '.join(map(graph.label, only))}.",
            f"Let it stay float32 ({ways}), or change the network.",
        ) from error
