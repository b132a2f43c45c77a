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
import numpy.typing as npt

from edgeinfer import evaluate, native, reference
from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.plan import FASTEST
from edgeinfer.quantize.assign import tied
from edgeinfer.quantize.convert import Fitted
from edgeinfer.quantize.observe import batch_size, batches
from edgeinfer.quantize.params import activation_quant
from edgeinfer.quantize.probes import Loss
from edgeinfer.quantize.wide import Forms
from edgeinfer.session import Session

FACTORS = (0.7, 0.84, 0.92, 1.09, 1.19, 1.5)  # of an activation's scale
GAINS = (0.99, 1.01)  # of the weight scales of the layers that make it
LEAST = 1e-6  # less loss is none
BEYOND = 2.0  # standard errors of the mean gain that have to be left of it
Scales = tuple[dict[int, Quant], dict[int, Fitted]]
Floats = npt.NDArray[np.float64]


def refined(
    exact: Graph,
    graph: Graph,
    forms: Forms,
    fitted: Mapping[int, Fitted],
    convert: Callable[[Mapping[int, Quant], Mapping[int, Fitted]], Graph],
    samples: Sequence[Array],
    seed: int,
    progress: Callable[[float], None],
) -> Scales:
    """The int8 scales of all activations and the fitted weights, some of them with other scales.

    `exact` is the float network, `graph` the same with the biases that belong to the weights in
    `fitted`; `convert` makes the integer network of scales and weights. `samples` [n, …] are one
    array for each input; `progress` is called with the part that is done."""
    judge = _Judge(exact, samples, seed)
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


class _Judge:
    """What each sample loses in an integer network."""

    def __init__(self, graph: Graph, samples: Sequence[Array], seed: int) -> None:
        loss = Loss(graph, seed)
        self._logits, self._samples = loss.logits, samples
        self.count, unit = len(samples[0]), graph.tensors[graph.inputs[0]].shape[0]
        parts = [
            reference.run(loss.graph, [x[rows] for x in samples])
            for rows in batches(np.arange(self.count), batch_size(graph, samples), unit)
        ]
        outputs = [np.concatenate(part) for part in zip(*parts, strict=True)]
        wanted = dict(zip(loss.graph.outputs, outputs, strict=True))
        self._power = list(loss.power(wanted).values())
        self._wanted = [y.reshape(len(y), -1).astype(np.float64) for y in wanted.values()]

    def losses(self, graph: Graph) -> Floats:
        """The loss of each sample: [n]."""
        head = (evaluate.before_softmax(graph) if self._logits else None) or graph
        made = compile_graph(head, passes=(), goal=FASTEST, layout=native.HOST_LAYOUT)
        session = Session(made.image)
        feeds = [
            evaluate.to_input(head.tensors[t], x)
            for t, x in zip(head.inputs, self._samples, strict=True)
        ]
        unit = head.tensors[head.inputs[0]].shape[0]
        parts = []
        for i in range(0, self.count, unit):
            session.reset()
            parts.append(session.run([x[i : i + unit] for x in feeds]))
        total = np.zeros(self.count)
        for t, power, wanted, got in zip(
            head.outputs, self._power, self._wanted, zip(*parts, strict=True), strict=True
        ):
            real = evaluate.from_output(head.tensors[t], np.concatenate(got))
            e = real.reshape(self.count, -1).astype(np.float64) - wanted
            if self._logits:
                p = np.exp(wanted - wanted.max(1, keepdims=True))
                p /= p.sum(1, keepdims=True)
                e -= e.mean(1, keepdims=True)
                total += (p * e * e).sum(1) - (p * e).sum(1) ** 2
            total += (e * e).sum(1) / power
        return total
