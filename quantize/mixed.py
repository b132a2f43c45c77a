# SPDX-License-Identifier: Apache-2.0
"""Which activations are worth 16 bits: those whose rounding costs the output most for their work.

The search has said what each tensor's rounding to int8 costs (probes.py). A tensor is int16 for
nothing unless all layers that make or read it compute in 16 bits, so it is taken for its loss over
the work of the layers that do not do so yet. The next is taken on what then is, until enough of the
loss is gone; what would not fit the budget is passed over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from edgeinfer.graph import Graph
from edgeinfer.quantize.assign import tied
from edgeinfer.quantize.settings import Settings
from edgeinfer.quantize.wide import able, given, macs, narrow_layers


@dataclass(frozen=True)
class Mixed:
    """What was chosen."""

    wide: frozenset[int]  # activations to be int16
    gone: float  # part that goes with them of the loss by rounding what may be int16
    passed_over: tuple[str, ...]  # why tensors had to stay int8: reasons of the budget


def types(
    graph: Graph,
    losses: Mapping[int, float],
    settings: Settings,
    barred: Collection[int],
    misfit: Callable[[frozenset[int]], str],
    progress: Callable[[float], None],
) -> tuple[frozenset[int], Settings, list[str]]:
    """The activations that are int16, the settings that repeat this choice, and warnings.

    `losses` and `misfit` are as for `mixed`; activations of the layers with the weights in `barred`
    stay int8. Raises as `wide.given`."""
    fixed = given(graph, settings)
    if settings.activations == "int16":
        return fixed, settings, narrow_layers(graph)
    if not settings.mixed:
        return fixed, settings, []
    if why := misfit(fixed):
        return (
            fixed,
            replace(settings, mixed=0.0),
            [f"Nothing more is int16, for the model breaks the budget: {why}"],
        )
    held = {t for n in graph.nodes if set(barred) & {*n.inputs} for t in (*n.inputs, *n.outputs)}
    made = mixed(
        graph,
        losses,
        able(graph, settings.io) - held,
        settings.mixed,
        lambda wide: misfit(wide | fixed),
        progress,
    )
    wide = made.wide | fixed
    names = tuple(graph.tensors[t].name for t in graph.activations() if t in wide)
    notes = [f"With a larger budget more would be int16: {why}" for why in made.passed_over[:1]]
    return (
        wide,
        replace(settings, mixed=0.0, wide=names),
        notes if made.gone < settings.mixed else [],
    )


def mixed(
    graph: Graph,
    losses: Mapping[int, float],
    fitting: Collection[int],
    part: float,
    misfit: Callable[[frozenset[int]], str],
    progress: Callable[[float], None],
) -> Mixed:
    """The activations of `fitting` that take `part` of their losses away, if the budget allows.

    `losses` are of the tensors that stand for others of their scale; `misfit` says why a choice of
    int16 activations would break the budget, and gives an empty text if it does not."""
    _, ties = tied(graph)
    members: dict[int, set[int]] = {}
    for t in graph.activations():
        members.setdefault(ties.root(t), set()).add(t)
    work = macs(graph)
    touching = {
        unit: {
            i for i, node in enumerate(graph.nodes) if group & {*node.inputs, *node.outputs}
        }
        for unit, group in members.items()
    }  # fmt: skip
    open_ = [unit for unit in losses if members[unit] <= set(fitting) and losses[unit] > 0]
    total, gone = sum(losses[unit] for unit in open_), 0.0
    wide, layers, reasons = frozenset[int](), set[int](), dict[str, None]()

    def worth(unit: int) -> float:
        return losses[unit] / (1 + sum(work[i] for i in touching[unit] - layers))

    while open_ and gone < part * total:
        best = max(open_, key=worth)
        open_.remove(best)
        if why := misfit(wide | members[best]):
            reasons[why] = None
            continue
        wide, gone, layers = wide | members[best], gone + losses[best], layers | touching[best]
        progress(min(gone / (part * total), 1.0))
    return Mixed(wide, gone / total if total else 0.0, tuple(reasons))
