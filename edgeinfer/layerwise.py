# SPDX-License-Identifier: Apache-2.0
"""Where a quantized model's error arises: its layers beside those of the float model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeinfer import evaluate, reference
from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array, Graph, Tensor
from edgeinfer.inspection import short_name
from edgeinfer.pairing import paired
from edgeinfer.plan import FASTEST
from edgeinfer.quantize.observe import batch_size, batches
from edgeinfer.session import Session

SAMPLES_MAX = 64  # looked at, spread evenly: so memory and time stay bounded
BINS = 60  # of a histogram
WORST = 3  # channels named for a layer
# Channels have factors of their own where these divide noise of this part of the signal by so much.
RESCALED, APART = 4.0, 1e-3
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Channel:
    """One channel: an index of a tensor's last dimension."""

    channel: int
    noise: float  # percent of the tensor's noise power
    sqnr_db: float | None  # None: no signal


@dataclass(frozen=True)
class Layer:
    """A quantized tensor beside the float one; all values are real numbers."""

    layer: int  # position in the quantized graph; −1 for an input
    op: str
    name: str
    sqnr_db: float | None  # None: no noise, or no signal
    exact: bool  # no noise
    range_used: float  # percent of the integers' range between the least and the largest seen
    saturated: float  # percent of float values beyond the range by more than a step
    range: tuple[float, float]  # least and largest number that the integers can say
    seen: tuple[float, float]  # least and largest float value
    rescaled: bool  # channels are scaled otherwise than in the float model (equalization)
    worst: tuple[Channel, ...]  # those with most of the noise
    span: tuple[float, float]  # ends of the histogram; what lies beyond counts in the last bins
    histogram: tuple[int, ...]  # how many float values lie in each of equal bins


def layerwise(
    graph: Graph,
    quantized: Graph,
    inputs: Sequence[Array],
    advance: Callable[[float], None] = lambda done: None,
) -> tuple[list[dict[str, Any]], int]:
    """`Layer` of each tensor that both graphs have, as JSON data, and how many samples were taken.

    `inputs` are real samples [n, …] for each input, of which at most SAMPLES_MAX are taken. Nothing
    for models with state, whose samples depend on each other, nor for two sizes of batches."""
    units = {g.tensors[t].shape[:1] for g in (graph, quantized) for t in g.inputs}
    if len(units) != 1 or any(reference.is_stateful(g) for g in (graph, quantized)):
        return [], 0
    unit = next(iter(units))[0]
    count = min(len(inputs[0]), SAMPLES_MAX)
    rows = np.linspace(0, len(inputs[0]) - 1, count).round().astype(np.int64)
    taken = [x[rows] for x in inputs]
    pairs = {
        a: b
        for a, b in paired(graph, quantized).items()
        if graph.tensors[a].shape[:1] == (unit,) == quantized.tensors[b].shape[:1]
    }
    made = {a: _Sums(quantized.tensors[b]) for a, b in pairs.items()}
    run = _integers(quantized, pairs)
    for batch, values, done in _reals(graph, taken, pairs):
        for start in range(0, len(batch[0]), unit):
            part = slice(start, start + unit)
            for a, q in run([x[part] for x in batch]).items():
                made[a].add(values[a][part], q)
        advance(0.7 * done)
    for _, values, done in _reals(graph, taken, pairs):
        for a, value in values.items():
            made[a].spread(value)
        advance(0.7 + 0.3 * done)
    found = []
    for a, b in pairs.items():
        index = _maker(quantized, b)
        op = quantized.nodes[index].op if index >= 0 else "input"
        found.append(made[a].layer(index, op, short_name(quantized.tensors[b].name)))
    return [asdict(layer) for layer in sorted(found, key=lambda f: f.layer)], count


def _maker(graph: Graph, t: int) -> int:
    """The layer that computes an integer tensor, not what only brings it to its type; −1: none."""
    makers = graph.producers()
    index = makers.get(t, -1)
    if index >= 0 and graph.nodes[index].op == "QUANTIZE":
        before = makers.get(graph.nodes[index].inputs[0], -1)
        if before >= 0 and graph.nodes[before].op != "DEQUANTIZE":
            return before
    return index


def _reals(
    graph: Graph, inputs: Sequence[Array], wanted: Mapping[int, int]
) -> Iterator[tuple[list[Array], dict[int, Array], float]]:
    """Batches of samples, the float tensors [batch, …] that they give, and the part done."""
    count, unit = len(inputs[0]), graph.tensors[graph.inputs[0]].shape[0]
    for rows in batches(np.arange(count), batch_size(graph, inputs), unit):
        batch, values = [x[rows] for x in inputs], dict[int, Array]()
        with np.errstate(over="ignore", invalid="ignore"):
            reference.run(graph, batch, values.__setitem__)
        yield batch, {t: values[t] for t in wanted if t in values}, float(rows[-1] + 1) / count


def _integers(
    quantized: Graph, pairs: Mapping[int, int]
) -> Callable[[Sequence[Array]], dict[int, Array]]:
    """What gives the integer tensors of one run of the model's own batch, by float tensor."""
    inputs = {a: quantized.inputs.index(b) for a, b in pairs.items() if b in quantized.inputs}
    others = {a: b for a, b in pairs.items() if a not in inputs}
    part = replace(quantized, outputs=tuple(others.values()))
    session = Session(compile_graph(part, passes=(), goal=FASTEST).image) if others else None
    tensors = [quantized.tensors[t] for t in quantized.inputs]

    def run(samples: Sequence[Array]) -> dict[int, Array]:
        fed = [evaluate.to_input(t, x) for t, x in zip(tensors, samples, strict=True)]
        results = session.run(fed) if session else []
        return {a: fed[i] for a, i in inputs.items()} | dict(zip(others, results, strict=True))

    return run


class _Sums:
    """What is known of one tensor while samples come."""

    def __init__(self, tensor: Tensor) -> None:
        limits = np.iinfo(tensor.dtype)
        self.step, zero = tensor.scale, tensor.zero_point
        self.zero, self.codes = zero, limits.max - limits.min
        self.low, self.high = (self.step * (q - zero) for q in (limits.min, limits.max))
        self.channels = tensor.shape[-1] if len(tensor.shape) > 1 else 1
        self.squares = np.zeros((4, self.channels))  # of f·f, f·q, q·q and (f − q)²
        self.least, self.most = np.full((2, self.channels), [[math.inf], [-math.inf]])
        self.ends = np.array([[limits.max], [limits.min]]) + np.zeros((2, self.channels), int)
        self.seen = (limits.max, limits.min)
        self.bins = np.zeros(BINS, np.int64)
        self.beyond = self.count = 0

    def add(self, real: Array, integers: Array) -> None:
        """A float and an integer tensor of the same samples."""
        f = real.astype(np.float64).reshape(-1, self.channels)
        q = self.step * (integers.astype(np.float64).reshape(-1, self.channels) - self.zero)
        self.squares += [(a * b).sum(0) for a, b in ((f, f), (f, q), (q, q), (f - q, f - q))]
        self.least, self.most = np.minimum(self.least, f.min(0)), np.maximum(self.most, f.max(0))
        rows, (first, last) = integers.reshape(-1, self.channels), self.ends
        self.ends = np.array([np.minimum(first, rows.min(0)), np.maximum(last, rows.max(0))])
        low, high = self.seen
        self.seen = min(low, int(integers.min())), max(high, int(integers.max()))

    def factors(self) -> Floats | None:
        """What integer channels are to be multiplied by, if the float model has other scales."""
        signal, fq, qq, _ = self.squares
        noise = self.noise(None)
        with np.errstate(all="ignore"):
            factors = np.where((fq > 0) & (qq > 0), fq / qq, 1.0)
        most = max(APART * signal.sum(), RESCALED * self.noise(factors).sum())
        return factors if noise.sum() > most and self.channels > 1 else None

    def noise(self, factors: Floats | None) -> Floats:
        """Σ (f − factor · q)² of each channel."""
        ff, fq, qq, noise = self.squares
        if factors is not None:
            noise = np.maximum(ff - 2 * factors * fq + factors**2 * qq, 0.0)
        # Where the float channel is dead and the integer one is not, that is a copy of another
        # (quantize/split.py).
        copies = (self.least == self.most) & (self.ends[0] < self.ends[1])
        return np.where(copies, 0.0, noise)

    def reach(self) -> tuple[float, float]:
        """Least and largest float value in the scales of the quantized model."""
        factors = self.factors()
        by = 1.0 if factors is None else factors
        return float((self.least / by).min()), float((self.most / by).max())

    def span(self) -> tuple[float, float]:
        """The histogram's ends: what was seen and the range, but the range keeps a third of it."""
        (low, high), width = self.reach(), self.high - self.low
        return max(min(low, self.low), self.low - width), min(
            max(high, self.high), self.high + width
        )

    def spread(self, real: Array) -> None:
        """A float tensor again, now that its scales are known."""
        factors, (low, high) = self.factors(), self.span()
        f = real.reshape(-1, self.channels) / (1.0 if factors is None else factors)
        beyond = (f < self.low - self.step) | (f > self.high + self.step)
        self.beyond, self.count = self.beyond + int(beyond.sum()), self.count + f.size
        self.bins += np.histogram(np.clip(f, low, high), BINS, (low, high))[0]

    def layer(self, index: int, op: str, name: str) -> Layer:
        """The result."""
        factors = self.factors()
        noise, signal = self.noise(factors), self.squares[0]
        total = noise.sum()
        worst = [int(c) for c in np.argsort(-noise, kind="stable")[:WORST] if noise[c] > 0]
        least, most = self.seen
        return Layer(
            index,
            op,
            name,
            _decibels(signal.sum(), total),
            bool(total == 0),
            100 * (most - least) / self.codes,
            100 * self.beyond / max(self.count, 1),
            (self.low, self.high),
            self.reach(),
            factors is not None,
            tuple(
                Channel(c, float(100 * noise[c] / total), _decibels(signal[c], noise[c]))
                for c in worst
            ),
            self.span(),
            tuple(int(n) for n in self.bins),
        )


def _decibels(signal: float, noise: float) -> float | None:
    return 10 * math.log10(signal / noise) if signal > 0 and noise > 0 else None
