# SPDX-License-Identifier: Apache-2.0
"""One way to quantize a prepared network: the stages that depend on the seed, and those after them.

The search draws its halves of the samples and its probes at random; copies in dead channels, types
and the fit of the weights follow from what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.quantize import prepare
from edgeinfer.quantize import real as floats
from edgeinfer.quantize import wide as wides
from edgeinfer.quantize.assign import assign
from edgeinfer.quantize.channels import Group, scaled
from edgeinfer.quantize.convert import Fitted, convert
from edgeinfer.quantize.mixed import types
from edgeinfer.quantize.narrow import narrowed
from edgeinfer.quantize.observe import batch_size, observe
from edgeinfer.quantize.params import Range
from edgeinfer.quantize.probes import Loss
from edgeinfer.quantize.ranges import method
from edgeinfer.quantize.real import Reals
from edgeinfer.quantize.reconstruct import reconstruct
from edgeinfer.quantize.resume import Cache
from edgeinfer.quantize.samples import Samples
from edgeinfer.quantize.search import Choice, search
from edgeinfer.quantize.settings import Settings
from edgeinfer.quantize.split import copied
from edgeinfer.quantize.wide import Forms

Progress = Callable[[str, float], None]  # a stage's name, the part of it that is done


@dataclass(frozen=True)
class Task:
    """What is to be quantized."""

    given: Graph  # float, as it came: its names are those of the settings
    graph: Graph  # the same, prepared
    samples: Samples
    few: Sequence[Array]  # those that the search and the reconstruction look at
    misfit: Callable[[Graph], str] | None  # why an int8 graph breaks the budget


@dataclass(frozen=True)
class Attempt:
    """All that makes an int8 graph."""

    graph: Graph  # float, with balanced channels and the biases that belong to `fitted`
    settings: Settings  # that repeat the choice of types without a search and a budget
    ranges: Mapping[int, Range]
    losses: Mapping[int, float]  # of rounding each tensor
    forms: Forms
    narrow: frozenset[int]  # weight tensors of 4 bits
    fitted: Mapping[int, Fitted]
    warnings: list[str]
    notes: list[str]  # on the choice of types

    def converted(
        self, quants: Mapping[int, Quant] | None = None, fitted: Mapping[int, Fitted] | None = None
    ) -> tuple[Graph, list[str]]:
        """The int8 graph, with other scales and weights if there are some, and warnings."""
        return convert(
            self.graph,
            quants or self.forms.narrow,
            fitted=fitted or self.fitted,
            per_channel=self.settings.per_channel,
            io=self.settings.io,
            wide=self.forms.wide,
            narrow=self.narrow,
            real=self.forms.real,
        )


def attempt(task: Task, settings: Settings, kept: Cache, tell: Progress) -> Attempt:
    """Choose scales, types and weights; stages found in `kept` are taken from there."""
    graph, misfit = task.graph, task.misfit
    form: dict[str, Any] = {"per_channel": settings.per_channel, "io": settings.io}
    layers = floats.followed(task.given, floats.named(task.given, settings.floats), graph)
    real = floats.reals(graph, layers, settings.io)
    graph, found, losses, costs, noise = _scale(task, settings, kept, tell)
    assigned, warnings = assign(graph, found), list[str]()

    def breaks(
        wide: frozenset[int],
        narrow: frozenset[int],
        other: Graph | None = None,
        reals: Reals = real,
    ) -> str:
        if misfit is None:
            return ""
        chosen: dict[str, Any] = {"wide": wide, "narrow": narrow, "real": reals, **form}
        return misfit(convert(other or graph, assigned.quants, **chosen)[0])

    def choosing(part: float) -> None:
        tell("Choosing types", part)

    if settings.split:
        fits = (lambda other: breaks(frozenset(), frozenset(), other)) if misfit else None
        noise = {group: n for group, n in noise.items() if not real.tensors & {*group.tensors}}
        graph, settings, notes = copied(graph, noise, found, assigned.quants, settings, fits)
        warnings += notes
    wide = wides.given(graph, settings, real)
    budget = (lambda few: breaks(wide, few)) if misfit else None
    narrow, settings, notes = narrowed(graph, costs, settings, wide, budget, choosing, real.layers)
    wide, real, settings, more = types(
        graph,
        losses,
        settings,
        narrow,
        lambda wide, real: breaks(wide, narrow, None, real),
        choosing,
        real,
    )
    fitted: Mapping[int, Fitted] = {}
    if settings.reconstructs:
        made = reconstruct(
            graph,
            assigned.quants,
            task.few,
            settings,
            kept,
            lambda part: tell("Fitting weights", part),
            wide,
            narrow,
            real,
        )
        graph, fitted = made.graph, made.weights
    forms = Forms(assigned.quants, wide, real)
    warnings += assigned.warnings
    notes += more
    return Attempt(graph, settings, found, losses, forms, narrow, fitted, warnings, notes)


def _scale(
    task: Task, settings: Settings, kept: Cache, tell: Progress
) -> tuple[
    Graph, dict[int, Range], Mapping[int, float], Mapping[int, float], Mapping[Group, Array]
]:
    """The graph with balanced channels, the range of each activation, what rounding it costs, what
    4-bit weights cost, and what rounding each channel of a group costs."""
    graph, few = task.graph, task.few
    loss, losses, costs = Loss(graph, settings.seed), dict[int, float](), dict[int, float]()
    noise: Mapping[Group, Array] = {}
    found: dict[int, Range] = dict.fromkeys(graph.activations(), (-1.0, 1.0))
    if settings.searches:
        choice = Choice.of(loss.graph, kept.load("scales"))
        if choice is None:
            choice = search(
                loss,
                few,
                batch_size(graph, few),
                equalize=settings.equalize,
                per_channel=settings.per_channel,
                seed=settings.seed,
                progress=lambda part: tell("Searching scales", part),
            )
            kept.save("scales", choice.arrays())
        graph = prepare.with_data(graph, scaled(graph, choice.factors))
        found.update(choice.ranges)
        losses.update(choice.losses)
        costs.update(choice.narrow)
        noise = choice.noise
    if settings.ranges != "search":
        make = method(settings.ranges)
        found = observe(
            graph,
            task.samples.inputs,
            lambda count: make(count, settings.percentile),
            lambda done, count: tell("Observing ranges", done / count),
        )
    return graph, found, losses, costs, noise
