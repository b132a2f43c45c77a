# SPDX-License-Identifier: Apache-2.0
"""Equalization and ranges together, by what they cost the network's output.

Every candidate — factors of a group's channels, and the width of a tensor's range — is tried on
samples whose extremes it did not see, tensor by tensor: the error of rounding and clipping there,
times gradients of the loss (probes.py), is the loss. To it comes what rounding the weights will
cost, which the factors change too. All tensors are judged in one forward and backward run over the
samples."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgeinfer.graph import Array, Graph
from edgeinfer.numerics.fixed_point import round_away
from edgeinfer.ops.base import Site
from edgeinfer.quantize import candidates, slopes
from edgeinfer.quantize.assign import rule_of, tied
from edgeinfer.quantize.candidates import Shape, Width
from edgeinfer.quantize.channels import DEPTHWISE, Group, groups
from edgeinfer.quantize.extremes import Bounds, Extremes, Floats
from edgeinfer.quantize.gradients import backward
from edgeinfer.quantize.grids import of_8_bits
from edgeinfer.quantize.narrow import eligible
from edgeinfer.quantize.observe import batches
from edgeinfer.quantize.params import INT8, NARROW4, Range, activation_quant, negligible
from edgeinfer.quantize.probes import Loss, run_all

FOLDS = 2  # more leave hardly any sample that exceeds what the others reach, as new ones will
# Tensors that these make hold values that were rounded before: no new error.
_NO_NEW_ERROR = {"RESHAPE", "PAD", "MAX_POOL_2D", "CONCATENATION", "STRIDED_SLICE"}


@dataclass(frozen=True)
class Choice:
    """What the search found."""

    factors: Mapping[Group, Array]  # to divide channels by
    ranges: Mapping[int, Range]  # of each float activation, after that
    noise: Mapping[Group, Array]  # the loss of rounding each channel, after that
    losses: Mapping[int, float]  # of rounding a tensor; one stands for all that share its scale
    narrow: Mapping[int, float]  # layer's output → the loss of 4-bit weights, after that

    def arrays(self) -> dict[str, Array]:
        """Everything as arrays, to be kept."""
        found = {f"factors{group.tensors[0]}": s for group, s in self.factors.items()}
        found |= {f"noise{group.tensors[0]}": n for group, n in self.noise.items()}
        found |= {f"narrow{t}": np.array(loss) for t, loss in self.narrow.items()}
        found |= {f"loss{t}": np.array(loss) for t, loss in self.losses.items()}
        return {**found, **{f"range{t}": np.array(r) for t, r in self.ranges.items()}}

    @staticmethod
    def of(graph: Graph, arrays: Mapping[str, Array] | None) -> Choice | None:
        """What `arrays` kept, or None if there is nothing."""
        if arrays is None:
            return None
        factors, noise = (
            {
                group: arrays[name]
                for group in groups(graph)
                if (name := f"{what}{group.tensors[0]}") in arrays
            }
            for what in ("factors", "noise")
        )
        names = (name for name in arrays if name.startswith("range"))
        ranges = {int(n[5:]): (float(arrays[n][0]), float(arrays[n][1])) for n in names}
        losses = {int(n[4:]): float(a) for n, a in arrays.items() if n.startswith("loss")}
        narrow = {int(n[6:]): float(a) for n, a in arrays.items() if n.startswith("narrow")}
        return Choice(factors, ranges, noise, losses, narrow)


def search(
    loss: Loss,
    samples: Sequence[Array],
    step: int,
    *,
    equalize: bool,
    per_channel: bool,
    seed: int,
    progress: Callable[[float], None],
) -> Choice:
    """The factors and ranges that cost the loss least.

    `samples` [n, …] are one array for each input, `step` how many of them are run at once;
    `progress` is called with the part that is done."""
    graph, count = loss.graph, len(samples[0])
    unit = graph.tensors[graph.inputs[0]].shape[0]
    folds = max(1, min(FOLDS, count // max(unit, 2)))
    order = np.random.default_rng(seed).permutation(count)
    parts = [np.sort(order[f::folds]) for f in range(folds)]
    work = [(f, rows) for f in range(folds) for rows in batches(parts[f], step, unit)]
    extremes, outputs = Extremes(folds), []
    for done, (fold, rows) in enumerate(work):
        values = run_all(graph, [x[rows] for x in samples])
        for t, v in values.items():
            extremes.update(fold, t, v)
        outputs.append({t: values[t] for t in graph.outputs})
        progress(0.2 * (done + 1) / len(work))
    power = loss.power({t: np.concatenate([o[t] for o in outputs]) for t in graph.outputs})
    images = [t for t, x in zip(graph.inputs, samples, strict=True) if of_8_bits(x)]
    found = _Search(loss, images, groups(graph) if equalize else [], extremes, per_channel, count)
    for done, (fold, rows) in enumerate(work):
        values = run_all(graph, [x[rows] for x in samples])
        found.begin(fold, values)
        backward(graph, values, loss.seeds(values, power), found.take)
        progress(0.2 + 0.8 * (done + 1) / len(work))
    return found.choice()


class _Search:
    """The costs of all candidates, while samples come in."""

    def __init__(
        self,
        loss: Loss,
        images: Collection[int],
        found: Sequence[Group],
        extremes: Extremes,
        per_channel: bool,
        samples: int,
    ) -> None:
        graph = loss.graph
        self.graph, self.groups, self.extremes = graph, found, extremes
        self.per_channel, self.samples = per_channel, samples  # how many there are
        self.group_of = {t: group for group in found for t in group.tensors}
        self.reading = {group: candidates.reading(graph, group) for group in found}
        self.makers = graph.producers()
        _, self._ties = tied(graph)
        self.units: dict[int, list[int]] = {}  # tensors of one scale, by the one that stands for it
        for t in graph.activations():
            if graph.tensors[t].dtype == np.float32:
                self.units.setdefault(self._ties.root(t), []).append(t)
        self.ends: dict[int, Sequence[float]] = {
            self._ties.root(t): candidates.ROOM for t in images
        }
        if loss.logits:
            self.ends |= {self._ties.root(t): candidates.ENDS for t in graph.outputs}
        self.cost: dict[int, Floats] = {}  # unit → [shapes, widths]
        self.weight_cost: dict[int, Floats] = {}  # node → of an error of 1 in each channel, squared
        self.spread: dict[int, list[Floats]] = {}  # tensor → count, sums, sums of squares
        self.noise: dict[Group, Floats] = {}
        self.count = 0  # samples so far
        self._seen = extremes.all()
        self._values: Mapping[int, Array] = {}

    def begin(self, fold: int, values: Mapping[int, Array]) -> None:
        """The values of a run over samples of this fold, whose gradients come next."""
        self._values, self._seen = values, self.extremes.without(fold)
        self.count += len(next(iter(values.values())))
        for t, v in values.items():
            rows = v.reshape(-1, v.shape[-1] if v.ndim > 1 else 1).astype(np.float64)
            new = [np.full(rows.shape[1], len(rows)), rows.sum(0), (rows**2).sum(0)]
            old = self.spread.get(t)
            self.spread[t] = new if old is None else [a + b for a, b in zip(old, new, strict=True)]

    def take(self, t: int, gradient: Array) -> None:
        """Add the costs that a tensor's candidates have on these samples."""
        maker = self.makers.get(t)
        values = self._values[t]
        if maker is not None and rule_of(self.graph, maker).weights is not None:
            site = Site.of(self.graph, maker)
            inner = slopes.opened(site, values, gradient.reshape(-1, *values.shape[1:]))
            more = np.einsum("nc,nc->c", *2 * (inner.reshape(-1, inner.shape[-1]),))
            self.weight_cost[maker] = self.weight_cost.get(maker, 0.0) + more.astype(np.float64)
        if maker is not None and self.graph.nodes[maker].op in _NO_NEW_ERROR:
            return
        group, unit = self.group_of.get(t), self._ties.root(t)
        probes = gradient.reshape(len(gradient), len(values), -1)
        if group is not None:
            self.noise[group] = self.noise.get(group, 0.0) + self._noise(values, gradient, unit)
        costs = self._costs(values, probes, unit, group)
        self.cost[unit] = self.cost.get(unit, 0.0) + costs

    def choice(self) -> Choice:
        """The cheapest candidates."""
        seen = self.extremes.all()
        factors: dict[Group, Array] = {}
        chosen: dict[int, int] = {}  # unit → index of its shape
        for group in self.groups:
            units = list(dict.fromkeys(self._ties.root(t) for t in group.tensors))
            totals = []
            for i, shape in enumerate(candidates.shapes(group)):
                s = self._factors(group, shape, seen)
                kept = sum(float(self.cost[u][i].min()) for u in units if u in self.cost)
                totals.append(kept + self._rounding(group, s))
            best = int(np.argmin(totals))
            chosen.update(dict.fromkeys(units, best))
            factors[group] = self._factors(group, candidates.shapes(group)[best], seen)
        ranges: dict[int, Range] = {}
        losses: dict[int, float] = {}
        for unit, tensors in self.units.items():
            widths = self._widths(unit, self.group_of.get(tensors[0]))
            width = (1.0, 1.0)
            if unit in self.cost:
                costs = self.cost[unit][chosen.get(unit, 0)]
                width, losses[unit] = widths[int(costs.argmin())], float(costs.min() / self.count)
            for t in tensors:
                low, high = self._range([t], seen, factors.get(self.group_of.get(t)))  # type: ignore[arg-type]
                ranges[t] = (low * width[0], high * width[1])
        noise = {group: n * factors[group] ** 2 for group, n in self.noise.items()}
        return Choice(factors, ranges, noise, losses, self._narrow(factors))

    def _narrow(self, factors: Mapping[Group, Array]) -> dict[int, float]:
        """The loss of rounding each layer's weights to 4 bits, by the layer's output."""
        found = {}
        for out, w in eligible(self.graph).items():
            index, x = self.makers[out], self.graph.nodes[self.makers[out]].inputs[0]
            data = self.graph.tensors[w].data
            if index not in self.weight_cost or data is None or x not in self.spread:
                continue
            rows = np.abs(data.astype(np.float64)).reshape(len(data), -1)
            variance = np.resize(self._variance(x), rows.shape[1])
            by, own = (factors.get(self.group_of.get(t)) for t in (x, out))  # type: ignore[arg-type]
            if by is not None and rows.shape[1] == len(by):
                rows, variance = rows * by, variance / by**2
            cost = self.weight_cost[index]
            if own is not None:
                rows, cost = rows / own[:, None], cost * own**2
            steps = rows.max(1) / NARROW4[1]
            if self.graph.nodes[index].op == "FULLY_CONNECTED":
                steps = np.full_like(steps, steps.max())
            noise = float((cost * steps**2).sum() * variance.sum()) / 12
            found[out] = noise / self.count
        return found

    def _factors(self, group: Group, shape: Shape, seen: Bounds) -> Floats:
        reach, read = seen.reach(group.tensors), self.reading[group]
        return candidates.factors(group, shape, reach, read, self.samples)

    def _widths(self, unit: int, group: Group | None) -> tuple[Width, ...]:
        return candidates.widths(group, self.ends.get(unit, ()))

    def _range(self, tensors: Sequence[int], seen: Bounds, factors: Array | None) -> Range:
        """The bounds of tensors that share a scale, within what RELU6 lets through."""
        pairs = [seen.range(t, factors) for t in tensors]
        clip = min((g.clip for t in tensors if (g := self.group_of.get(t))), default=np.inf)
        return min(low for low, _ in pairs), min(max(high for _, high in pairs), clip)

    def _noise(self, values: Array, gradient: Array, unit: int) -> Floats:
        """The loss of rounding each channel in the tensor's own scale: [channels]."""
        low, high = self._range(self.units[unit], self._seen, None)
        scale = np.float32(max(high - low, 1e-12) / 255)
        error = np.rint(values / scale) * scale - values
        shape = (len(gradient), len(values), -1, values.shape[-1])
        lost = np.einsum("pnkc,nkc->pnc", gradient.reshape(shape), error.reshape(shape[1:]))
        return np.asarray((lost.astype(np.float64) ** 2).sum((0, 1)))

    def _costs(self, values: Array, probes: Array, unit: int, group: Group | None) -> Floats:
        """The loss of quantizing a tensor's values [n, …] by each candidate: [shapes, widths]."""
        shapes, widths = candidates.shapes(group), self._widths(unit, group)
        rows = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
        costs = np.zeros((len(shapes), len(widths)))
        round_ = round_away if unit in self.graph.inputs else np.rint  # as evaluate.to_input
        for i, shape in enumerate(shapes):
            s = None if group is None else self._factors(group, shape, self._seen)
            low, high = self._range(self.units[unit], self._seen, s)
            for j, width in enumerate(widths):
                if low == 0 != width[0] - width[1]:  # one of the others, again
                    costs[i, j] = np.inf
                    continue
                if negligible(low, high):
                    continue
                quant = activation_quant(low * width[0], high * width[1])
                zero = np.float32(quant.zero_point[0])
                steps = quant.scale * (np.float32(1) if s is None else s.astype(np.float32))
                error = round_(rows / steps)
                np.clip(error, INT8[0] - zero, INT8[1] - zero, out=error)
                error *= steps
                error -= rows
                lost = np.einsum("pnk,nk->pn", probes, error.reshape(len(values), -1))
                costs[i, j] = float((lost.astype(np.float64) ** 2).sum())
        return costs

    def _rounding(self, group: Group, s: Floats) -> float:
        """The loss, over all samples, of rounding the weights that touch a group: scale² / 12 each.

        The mean of an input does no harm, since biases make good for it."""
        total = 0.0
        for index in group.readers:
            node = self.graph.nodes[index]
            data = self.graph.tensors[node.inputs[1]].data
            if index not in self.weight_cost or data is None:
                continue
            weights = np.abs(data.astype(np.float64))
            variance = self._variance(node.inputs[0]) / s**2
            if node.op == DEPTHWISE:
                if self.per_channel:
                    continue  # its own scales follow any factor
                times = weights.shape[3] // len(s)
                step = (weights * np.repeat(s, times)).max() / 127
                noise = weights.shape[1] * weights.shape[2] * np.repeat(variance, times)
                total += float((self.weight_cost[index] * noise).sum()) * step**2 / 12
                continue
            rows = weights.reshape(len(weights), -1, len(s)) * s
            steps = rows.max((1, 2)) / 127
            if not self.per_channel:
                steps = np.full_like(steps, steps.max())
            power = rows.shape[1] * float(variance.sum())
            total += float((self.weight_cost[index] * steps**2).sum()) * power / 12
        return total

    def _variance(self, t: int) -> Floats:
        count, total, squares = self.spread[t]
        return np.maximum(squares / count - (total / count) ** 2, 1e-12 * squares / count)
