# SPDX-License-Identifier: Apache-2.0
"""The settings that a measure of the user's own prefers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeinfer.graph import Array, Graph
from edgeinfer.quantize import Quantized, Samples, quantize
from edgeinfer.quantize.attempt import Progress
from edgeinfer.quantize.settings import Settings

# What is tried, one after the other; what is better stays for those after it.
ALTERNATIVES: tuple[tuple[str, Any], ...] = (
    ("ranges", "mse"),
    ("ranges", "percentile"),
    ("ranges", "entropy"),
    ("equalize", False),
    ("correct_bias", False),
    ("split", False),
)
PARTS = (0.5, 0.99, 0.0)  # of the activations' loss that int16 takes away, tried if some is to go


@dataclass(frozen=True)
class Trial:
    """One run and how it was rated."""

    changed: Mapping[str, Any]  # settings that differ from those of the first run
    score: float
    kept: bool  # better than all before


def choose(
    graph: Graph,
    samples: Samples | Array | Mapping[str, Array],
    rate: Callable[[Graph], float],
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
    misfit: Callable[[Graph], str] | None = None,
    **options: Any,
) -> tuple[Quantized, list[Trial]]:
    """The int8 graph that `rate` gives the highest number, and all that was tried.

    `options` are settings as for `quantize`, which stay as they are, but for how much of the loss
    int16 is to take away. `misfit` is as for `quantize`. Raises as `quantize`."""
    tell = progress or (lambda stage, part: None)
    first = Settings.of(options).as_dict()
    runs = [(name, value) for name, value in ALTERNATIVES if name not in options]
    if first["mixed"]:
        runs += [("mixed", part) for part in PARTS]

    def run(number: int, changed: Mapping[str, Any]) -> tuple[Quantized, float]:
        made = quantize(
            graph,
            samples,
            progress=lambda stage, part: tell(
                f"Run {number + 1} of {len(runs) + 1}", (number + part) / (len(runs) + 1)
            ),
            cache=cache,
            misfit=misfit,
            **{**options, **changed},
        )
        return made, float(rate(made.graph))

    best, score = run(0, {})
    trials, kept = [Trial({}, score, True)], dict[str, Any]()
    for number, (name, value) in enumerate(runs, 1):
        if {**first, **kept}[name] == value:
            continue
        changed = {**kept, name: value}
        made, found = run(number, changed)
        better = found > score
        trials.append(Trial(changed, found, better))
        if better:
            best, score, kept = made, found, changed
    return best, trials
