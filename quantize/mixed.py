# SPDX-License-Identifier: Apache-2.0
"""Which activations are worth 16 bits: those whose rounding costs the output most for their work.

The search has said what each tensor's rounding to int8 costs (probes.py). A tensor is int16 for
nothing unless all layers that make or read it compute in 16 bits, so it is taken for its loss over
the work of the layers that do not do so yet. The next is taken on what then is, until enough of the
loss is gone; what would not fit the budget is passed over. Where there is no int16, a tensor can
stay float32 with the layers around it, if that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from edgeinfer.graph import Graph
from edgeinfer.quantize import real as floats
from edgeinfer.quantize.assign import tied
from edgeinfer.quantize.real import NONE, Reals
from edgeinfer.quantize.settings import Settings
from edgeinfer.quantize.wide import able, given, macs, narrow_layers

FLOAT = 4  # times the work of 16 bits: bytes of weights, and time, which much depends on the core


@dataclass(frozen=True)
class Mixed:
    """What was chosen."""

    wide: frozenset[int]  # activations to be int16
    gone: float  # part that goes with them of the loss by rounding what may be int16 or float32
    passed_over: tuple[str, ...]  # why tensors had to stay int8: reasons of the budget
    layers: frozenset[int]  # that stay float32


def types(
    graph: Graph,
    losses: Mapping[int, float],
    settings: Settings,
    barred: Collection[int],
    misfit: Callable[[frozenset[int], Reals], str],
    progress: Callable[[float], None],
    real: Reals = NONE,
) -> tuple[frozenset[int], Reals, Settings, list[str]]:
    """The activations that are int16 and what stays float32, the settings that repeat this choice,
    and warnings.

    `losses` and `misfit` are as for `mixed`; activations of the layers with the weights in `barred`
    stay int8, and `real` is float32 in any case. Raises as `wide.given`."""
    fixed = given(graph, settings, real)
    if settings.activations == "int16":
        return fixed, real, settings, narrow_layers(graph, real)
    if not settings.mixed:
        return fixed, real, settings, []
    if why := misfit(fixed, real):
        return (
            fixed,
            real,
            replace(settings, mixed=0.0, mixed_float=False),
            [f"Nothing more is int16, for the model breaks the budget: {why}"],
        )
    held = {t for n in graph.nodes if set(barred) & {*n.inputs} for t in (*n.inputs, *n.outputs)}

    def whole(wide: frozenset[int], layers: frozenset[int]) -> tuple[frozenset[int], Reals]:
        own = floats.reals(graph, layers, settings.io)
        return (wide | fixed) - own.tensors, own

    made = mixed(
        graph,
        losses,
        able(graph, settings.io, real) - held,
        settings.mixed,
        lambda wide, layers: misfit(*whole(wide, layers)),
        progress,
        real.layers,
        _floating(graph, settings, held | real.tensors) if settings.mixed_float else {},
    )
    wide, real = whole(made.wide, made.layers)
    names, layers = (
        tuple(graph.tensors[t].name for t in graph.activations() if t in chosen)
        for chosen in (wide, real.layers)
    )
    notes = [f"With a larger budget more would be int16: {why}" for why in made.passed_over[:1]]
    return (
        wide,
        real,
        replace(settings, mixed=0.0, mixed_float=False, wide=names, floats=layers),
        notes if made.gone < settings.mixed else [],
    )


def _floating(graph: Graph, settings: Settings, held: Collection[int]) -> dict[int, frozenset[int]]:
    """The activations that can be float32, each with the layers that make or read it."""
    fitting, found = floats.able(graph), {}
    for t in graph.activations():
        layers = frozenset(n.outputs[0] for n in graph.nodes if t in (*n.inputs, *n.outputs))
        if (
            t not in held
            and layers <= fitting
            and t in floats.reals(graph, layers, settings.io).tensors
        ):
            found[t] = layers
    return found


def mixed(
    graph: Graph,
    losses: Mapping[int, float],
    fitting: Collection[int],
    part: float,
    misfit: Callable[[frozenset[int], frozenset[int]], str],
    progress: Callable[[float], None],
    real: frozenset[int] = frozenset(),
    floating: Mapping[int, frozenset[int]] | None = None,
) -> Mixed:
    """The activations of `fitting` that take `part` of their losses away, if the budget allows.

    `losses` are of the tensors that stand for others of their scale; `misfit` says why a choice of
    int16 activations, and of layers that stay float32, would break the budget, and gives an empty
    text if it does not. The layers in `real` are float32 already; what is not in `fitting` can be
    so with the layers that `floating` names for it."""
    _, ties = tied(graph)
    members: dict[int, set[int]] = {}
    for t in graph.activations():
        members.setdefault(ties.root(t), set()).add(t)
    work, floating = macs(graph), floating or {}
    touching = {
        unit: {
            i for i, node in enumerate(graph.nodes) if group & {*node.inputs, *node.outputs}
        }
        for unit, group in members.items()
    }  # fmt: skip
    worthy = [unit for unit in losses if losses[unit] > 0]
    open_ = [unit for unit in worthy if members[unit] <= {*fitting}]
    others = [unit for unit in worthy if unit not in open_ and members[unit] <= {*floating}]
    open_ += others
    total, gone = sum(losses[unit] for unit in open_), 0.0
    wide, layers, reasons = frozenset[int](), {*Reals(real).index(graph)}, dict[str, None]()

    def worth(unit: int) -> float:
        more = sum(work[i] for i in touching[unit] - layers)
        return losses[unit] / (1 + more * (FLOAT if unit in others else 1))

    while open_ and gone < part * total:
        best = max(open_, key=worth)
        open_.remove(best)
        if best in others:
            chosen = wide, real.union(*(floating[t] for t in members[best]))
        else:
            chosen = wide | members[best], real
        if why := misfit(*chosen):
            reasons[why] = None
            continue
        (wide, real), gone, layers = chosen, gone + losses[best], layers | touching[best]
        progress(min(gone / (part * total), 1.0))
    return Mixed(wide, gone / total if total else 0.0, tuple(reasons), real)
