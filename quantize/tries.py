# SPDX-License-Identifier: Apache-2.0
"""Several attempts that differ in what is drawn at random, of which the best is kept.

What the search finds depends on its draw, and two attempts differ by more than single stages gain.
They all run on the samples that calibrate, and the integer network that loses least there
(judge.py) most often does so on others, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edgeinfer.quantize.attempt import Attempt, Progress
from edgeinfer.quantize.resume import Cache
from edgeinfer.quantize.settings import Settings

Make = Callable[[Settings, Cache, Progress], Attempt]


@dataclass(frozen=True)
class Tried:
    """The best attempt, and what each of them lost on the samples (nothing if there is one)."""

    best: Attempt
    losses: tuple[float, ...] = ()


def best_of(
    settings: Settings,
    make: Make,
    judge: Callable[[Attempt], float],
    kept: Cache,
    tell: Progress,
) -> Tried:
    """The attempt that loses least, of as many as the settings say.

    `make` gets the settings of an attempt and where it keeps finished stages, `judge` says what it
    loses. The first has the given seed and chooses types, which the others take over: they would
    not be alike. One that a budget makes another model than the first is left out."""
    count = settings.tries if settings.searches else 1  # nothing else is drawn
    if count == 1:
        return Tried(make(settings, kept, tell))
    best = first = make(settings, kept.part("try1"), _numbered(tell, 1, count))
    losses = [judge(first)]
    for number in range(2, count + 1):
        own = kept.part(f"try{number}")
        judged = own.load("judged")
        if judged is not None and float(judged["loss"]) >= min(losses):
            losses.append(float(judged["loss"]))
            continue
        wanted = replace(first.settings, seed=_seed(settings.seed, number))
        found = make(wanted, own, _numbered(tell, number, count))
        if found.settings != wanted:
            continue
        losses.append(judge(found))
        own.save("judged", {"loss": np.array(losses[-1])})
        if losses[-1] < min(losses[:-1]):
            best = replace(found, settings=first.settings, notes=first.notes)
    return Tried(best, tuple(losses))


def _numbered(tell: Progress, number: int, count: int) -> Progress:
    return lambda stage, part: tell(f"{stage}, try {number} of {count}", part)


def _seed(seed: int, number: int) -> int:
    """Another one for each try, which no small seed has for its own."""
    return int(np.random.SeedSequence((seed, number - 1)).generate_state(1)[0])
