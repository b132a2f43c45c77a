# SPDX-License-Identifier: Apache-2.0
"""Scales once more, when the weights are whole numbers: by what the integer network does.

The search has judged each tensor's range on its own, by gradients of the float network. Here the
integer network itself runs, and for one activation scale after the other factors are tried, of the
scale and of the weight scales of the layers that make the tensor, with all others as they are by
then. A factor stays if it lowers the loss (probes.py) beyond chance on one half of the samples,
which chooses, and on the other, which took no part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgeinfer.graph import Graph, Quant
from edgeinfer.quantize.assign import tied
from edgeinfer.quantize.convert import Fitted
from edgeinfer.quantize.judge import Floats, Judge
from edgeinfer.quantize.params import activation_quant
from edgeinfer.quantize.wide import Forms

FACTORS = (0.7, 0.84, 0.92, 1.09, 1.19, 1.5)  # of an activation's scale
GAINS = (0.99, 1.01)  # of the weight scales of the layers that make it
LEAST = 1e-6  # less loss is none
BEYOND = 2.0  # standard errors of the mean gain that have to be left of it
Scales = tuple[dict[int, Quant], dict[int, Fitted]]


def refined(
    judge: Judge,
    graph: Graph,
    forms: Forms,
    fitted: Mapping[int, Fitted],
    convert: Callable[[Mapping[int, Quant], Mapping[int, Fitted]], Graph],
    seed: int,
    progress: Callable[[float], None],
) -> Scales:
    """The int8 scales of all activations and the fitted weights, some of them with other scales.

    `judge` knows the float network, and `graph` is the same with the biases that belong to the
    weights in `fitted`; `convert` makes the integer network of scales and weights. `progress` is
    called with the part that is done."""
    scales: Scales = (dict(forms.narrow), dict(fitted))
    units = _units(graph, forms)
    halves = np.random.default_rng(seed).permutation(judge.count) % 2 == 0
    best = judge.losses(convert(*scales))
    for done, unit in enumerate(units):
        tried = [
            (judge.losses(convert(*changed)), changed)
            for changed in _candidates(graph, unit, *scales)
        ]
        found = [pair for pair in tried if _better(best[halves], pair[0][halves])]
        if found:
            losses, changed = min(found, key=lambda pair: float(pair[0][halves].mean()))
            if _better(best[~halves], losses[~halves]):
                best, scales = losses, changed
        progress((done + 1) / len(units))
    return scales


def _units(graph: Graph, forms: Forms) -> list[list[int]]:
    """Tensors of int8 that share a scale which nothing prescribes, in the order of the network,
    constants that are used like activations last."""
    fixed, ties = tied(graph)
    units: dict[int, list[int]] = {}
    for t in forms.narrow:
        units.setdefault(ties.root(t), []).append(t)
    given = list(fixed.values())
    return [
        unit
        for unit in units.values()
        if graph.tensors[unit[0]].data is None
        and not {*unit} & {*forms.wide, *forms.real.tensors}
        and not any(forms.narrow[unit[0]].equals(quant) for quant in given)
    ]


def _candidates(
    graph: Graph, unit: Sequence[int], quants: Mapping[int, Quant], fitted: Mapping[int, Fitted]
) -> list[Scales]:
    found: list[Scales] = []
    for factor in FACTORS:
        other = _scaled(quants[unit[0]], factor)
        found.append(({**quants, **dict.fromkeys(unit, other)}, {**fitted}))
    makers = {t for n in graph.nodes if {*n.outputs} & {*unit} for t in n.inputs if t in fitted}
    for gain in GAINS if makers else ():
        changed = {t: _with_gain(fitted[t], gain) for t in makers}
        found.append(({**quants}, {**fitted, **changed}))
    return found


def _scaled(quant: Quant, factor: float) -> Quant:
    scale, zero = float(quant.scale[0]) * factor, int(quant.zero_point[0])
    return activation_quant((-128 - zero) * scale, (127 - zero) * scale)


def _with_gain(weights: Fitted, gain: float) -> Fitted:
    scale = (weights.quant.scale * np.float32(gain)).astype(np.float32)
    return replace(weights, quant=replace(weights.quant, scale=scale))


def _better(old: Floats, new: Floats) -> bool:
    """Whether samples lose less, beyond what chance would give.

    Few samples lose the most, and would hide what happens to all: so the ratios are judged, too."""
    gains = np.log((old + LEAST) / (new + LEAST))
    error = float(gains.std(ddof=1)) / np.sqrt(len(gains)) if len(gains) > 1 else np.inf
    return float(gains.mean()) > BEYOND * error and float(new.mean()) < float(old.mean())
