# SPDX-License-Identifier: Apache-2.0
"""Samples that are far larger than the others: left out, as one would widen the ranges for all.

A sample counts as an outlier if its largest values, in one of the inputs or in half of the
activations, are several times those of nine tenths of the samples; and only if few samples are
like that, so that a mixture of loud and quiet recordings stays whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgeinfer import reference
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize.observe import batches

TIMES = (2.0, 3.0, 4.5, 7.0)  # of the 90th percentile; the next, if too many exceed one
SHARE = 0.05  # of the samples; more are no outliers, but what the network has to live with
ENOUGH = 20  # samples, for a percentile to mean something


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
                flat = np.abs(values.reshape(len(rows), -1))
                peaks.setdefault(t, np.zeros(count))[rows] = flat.max(1, initial=0.0)

        with np.errstate(over="ignore", invalid="ignore"):
            reference.run(graph, [x[rows] for x in samples], take)
        progress(float(rows[-1] + 1) / count)
    ratios = {t: v / max(float(np.percentile(v, 90)), 1e-12) for t, v in peaks.items()}
    reach = np.median(list(ratios.values()), axis=0)
    for t in graph.inputs:
        reach = np.maximum(reach, ratios.get(t, 0.0))
    for times in TIMES:
        found = np.flatnonzero(reach > times)
        if len(found) <= SHARE * count:
            return [int(i) for i in found]
    return []


def left_out(rows: Sequence[int], count: int) -> str:
    """The warning about samples that are outliers."""
    named = ", ".join(map(str, rows[:5])) + (" …" if len(rows) > 5 else "")
    return (
        f"{len(rows)} of {count} samples reach far beyond the others (sample {named}): left out of "
        "calibration. Check them; if they are right, give more like them."
    )
