# SPDX-License-Identifier: Apache-2.0
"""Samples that are far larger than the others: brought to their size or left out, as one would
widen the ranges for all.

A sample counts as an outlier if its largest values, in one of the inputs or in half of the
activations, are several times those of nine tenths of the samples; or if those of single channels
are so on average, in half of the activations that have many: a quiet sample, amplified, reaches no
further than a loud one, but elsewhere. And only if few samples are like that, so that a mixture of
loud and quiet recordings stays whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgeinfer import reference
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize.grids import restored
from edgeinfer.quantize.observe import batches
from edgeinfer.quantize.samples import Samples

TIMES = (2.0, 3.0, 4.5, 7.0)  # of the 90th percentile; the next, if too many exceed one
CHANNELS = (1.35, 1.65, 2.1, 2.7)  # the same for single channels' geometric mean, if beyond
SHARE = 0.05  # of the samples; more are no outliers, but what the network has to live with
SMALL = 10  # percentile of the samples' RMS that outliers are scaled to
ENOUGH = 20  # samples, for a percentile to mean something
MANY = 8  # channels, for a mean over them to
SHOWN = 5  # samples that a warning names


def outliers(
    graph: Graph, samples: Sequence[Array], step: int, progress: Callable[[float], None]
) -> list[int]:
    """The rows of samples [n, …] that are outliers, in order.

    `step` samples are run at once; `progress` is called with the part that is done."""
    count, unit = len(samples[0]), graph.tensors[graph.inputs[0]].shape[0]
    if count < ENOUGH or unit > 1:
        return []
    peaks: dict[int, Array] = {}

    for rows in batches(np.arange(count), step, unit):

        def take(t: int, values: Array, rows: Array = rows) -> None:
            if values.dtype == np.float32 and len(values) == len(rows):
                channels = values.shape[-1] if values.ndim > 1 else 1
                own = peaks.setdefault(t, np.zeros((count, channels), np.float32))
                own[rows] = np.abs(values.reshape(len(rows), -1, channels)).max(1, initial=0.0)

        with np.errstate(over="ignore", invalid="ignore"):
            reference.run(graph, [x[rows] for x in samples], take)
        progress(float(rows[-1] + 1) / count)
    whole = {t: _beyond(v.max(1, keepdims=True)) for t, v in peaks.items()}
    reach = np.median(list(whole.values()), axis=0)
    for t in graph.inputs:
        reach = np.maximum(reach, whole.get(t, 0.0))
    found = {*_few(reach, TIMES)}
    if single := [_beyond(v) for v in peaks.values() if v.shape[1] >= MANY]:
        found |= {*_few(np.median(single, axis=0), CHANNELS)}
    return sorted(found)


def _beyond(peaks: Array) -> Array:
    """How far peaks [n, channels] reach beyond the 90th percentile, where that is not 0: the
    logarithm, or 0 for what reaches less far; the mean over channels, [n]."""
    with np.errstate(invalid="ignore"):
        usual = np.percentile(peaks, 90, axis=0)
        alive = usual > 1e-6 * peaks.max(initial=0.0)
        if not alive.any():
            return np.zeros(len(peaks))
        return np.asarray(np.log(np.maximum(peaks[:, alive] / usual[alive], 1.0)).mean(1))


def _few(reach: Array, ladder: Sequence[float]) -> list[int]:
    """The rows beyond the first step of the ladder that few rows are beyond."""
    for times in ladder:
        found = np.flatnonzero(reach > np.log(times))
        if len(found) <= SHARE * len(reach):
            return [int(i) for i in found]
    return []


def tamed(
    graph: Graph, samples: Samples, step: int, progress: Callable[[float], None]
) -> tuple[Samples, list[str]]:
    """The samples without outliers, and warnings about them.

    An outlier that was amplified becomes what it was, if its values tell by how much: the model is
    then the same as without the mistake. One that differs from the others by its size only is made
    one of the small ones, and so keeps what it has to tell: fewer samples alone make another
    model."""
    rows, notes = outliers(graph, samples.inputs, step, progress), list[str]()
    undone = [restored(x, rows) for x in samples.inputs]
    times = {row: by for _, found in undone for row, by in found.items()}
    if 0 < len(times) <= SHARE * len(samples):
        samples = replace(samples, inputs=tuple(x for x, _ in undone))
        notes.append(divided(times, len(samples)))
        rows = outliers(graph, samples.inputs, step, progress)
    if not rows:
        return samples, notes
    scaled = replace(samples, inputs=tuple(_scaled(x, rows) for x in samples.inputs))
    beyond = set(outliers(graph, scaled.inputs, step, progress))
    left, kept = ([row for row in rows if (row in beyond) == out] for out in (True, False))
    notes += [scaled_down(kept, len(samples))] if kept else []
    notes += [left_out(left, len(samples))] if left else []
    return scaled.without(left) if left else scaled, notes


def _scaled(x: Array, rows: Sequence[int]) -> Array:
    """Samples [n, …], those of `rows` made no larger than small ones of the others: one that was
    small, made as large as the median, reaches further than any of its kind would."""
    power = np.sqrt((x.reshape(len(x), -1).astype(np.float64) ** 2).mean(1))
    by = np.ones(len(x), np.float32)
    usual = float(np.percentile(np.delete(power, rows), SMALL))
    by[rows] = np.minimum(usual / np.maximum(power[rows], 1e-30), 1.0)
    return np.asarray(x * by.reshape(-1, *[1] * (x.ndim - 1)))


def divided(times: Mapping[int, float], count: int) -> str:
    """The warning about samples that were divided by what they had been multiplied by."""
    by = ", ".join(f"{x:.4g}" for x in list(times.values())[:SHOWN])
    return (
        f"{len(times)} of {count} samples were multiplied (sample {_named(list(times))}; by {by}): "
        "their values lie on multiples of the others' steps. Divided again for calibration and "
        "figures."
    )


def scaled_down(rows: Sequence[int], count: int) -> str:
    """The warning about samples that were scaled to the others' size."""
    return (
        f"{len(rows)} of {count} samples are far larger than the others (sample {_named(rows)}): "
        "scaled down to their size for calibration and figures. Check them; if they are right, "
        "give more like them."
    )


def left_out(rows: Sequence[int], count: int) -> str:
    """The warning about samples that are outliers."""
    return (
        f"{len(rows)} of {count} samples reach far beyond the others (sample {_named(rows)}): left "
        "out of calibration and figures. Check them; if they are right, give more like them."
    )


def _named(rows: Sequence[int]) -> str:
    return ", ".join(map(str, rows[:SHOWN])) + (" …" if len(rows) > SHOWN else "")
