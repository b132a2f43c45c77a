# SPDX-License-Identifier: Apache-2.0
"""Layer by layer: integer weights and biases with which a layer, fed what the quantized layers
before it really give, comes closest to the float layer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from edgeinfer import reference
from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.ops import op_for
from edgeinfer.ops.activation import clip, real_range
from edgeinfer.ops.base import Site
from edgeinfer.quantize import layers, rounding
from edgeinfer.quantize.biases import corrected
from edgeinfer.quantize.convert import Fitted, convert, scales_axis
from edgeinfer.quantize.params import NARROW, NARROW4, weight_quant
from edgeinfer.quantize.prepare import one_node, with_data
from edgeinfer.quantize.real import NONE, Reals
from edgeinfer.quantize.resume import Cache
from edgeinfer.quantize.settings import Settings
from edgeinfer.quantize.targets import compensated
from edgeinfer.quantize.wide import Forms

ROWS = 20_000  # of a layer's inputs that the moments are taken from; the others say the same
# Parts of the largest weight that a channel's scale may stand for.
PARTS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6)
PARTS4 = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)  # with 4 bits, whose steps are large


@dataclass(frozen=True)
class Reconstructed:
    """The layers' weights and biases."""

    graph: Graph  # float, with the new biases, and weights of layers that stay so
    weights: Mapping[int, Fitted]  # weight tensor → its integers and scales


def reconstruct(
    graph: Graph,
    quants: Mapping[int, Quant],
    samples: Sequence[Array],
    settings: Settings,
    kept: Cache,
    progress: Callable[[float], None],
    wide: Collection[int] = frozenset(),
    narrow: Collection[int] = frozenset(),
    real: Reals = NONE,
) -> Reconstructed:
    """Fit all layers with weights, in order, on samples [n, …] of each input.

    Needs weights and biases of their own (prepare.own_constants) and a network that keeps its
    samples apart, or has state, with which each sample then begins anew. The activations in `wide`
    are int16, the others int8; the weights in `narrow` have 4 bits; what is in `real` stays
    float32. Layers found in `kept` are taken from there; `progress` is called with the part that is
    done."""
    exact: dict[int, Array] = dict(zip(graph.inputs, samples, strict=True))
    forms = Forms(quants, wide, real)
    made = {t: forms.stored(t, x) for t, x in exact.items()}
    # What a budget has chosen is not in the settings.
    chosen = repr((sorted(wide), sorted(narrow), sorted(real.layers), settings.split))
    mark = f"_{crc32(chosen.encode()):08x}"
    last = {t: i for i, node in enumerate(graph.nodes) for t in node.inputs}
    run = _apart if reference.is_stateful(graph) else reference.run
    changed: dict[int, Array] = {}  # biases, and weights that stay float32
    fitted: dict[int, Fitted] = {}
    for index, node in enumerate(graph.nodes):
        site = Site.of(graph, index)
        op = op_for(site)
        inputs = [exact.get(t, graph.tensors[t].data) if t >= 0 else None for t in node.inputs]
        part = one_node(graph, node, set(exact))
        if op.rule.weights is not None:
            wanted = layers.before_activation(site, inputs)
            exact[node.outputs[0]] = clip(site, wanted)
            source = forms.meant(node.inputs[0], made[node.inputs[0]])
            name = f"layer{index}{mark}"
            done = kept.load(name)
            if done is None:
                random = np.random.default_rng((settings.seed, index))
                reach = forms.reals(node.outputs[0])
                few = node.inputs[1] in narrow
                layer = _Layer(site, source, wanted, reach, settings, random, few)
                is_real = forms.is_real(node)
                done = layer.real() if is_real else layer.fit(quants[node.inputs[0]])
                kept.save(name, done)
            if forms.is_real(node):
                changed[node.inputs[1]] = done["weights"]
            else:
                scales, axis = done["scales"], op.rule.channel_axis or 0
                quant = Quant(scales, np.zeros(scales.size, np.int64), axis)
                fitted[node.inputs[1]] = Fitted(done["weights"], quant)
            changed[node.inputs[2]] = done["bias"]
            part = with_data(part, changed)
        else:
            exact.update(zip(node.outputs, run(part, [exact[t] for t in part.inputs]), strict=True))
        how: dict[str, Any] = {"per_channel": settings.per_channel, "wide": wide, "real": real}
        part8, _ = convert(part, quants, fitted=fitted, narrow=narrow, **how)
        made.update(zip(node.outputs, run(part8, [made[t] for t in part.inputs]), strict=True))
        for t in node.inputs:
            if last[t] == index:
                exact.pop(t, None)
                made.pop(t, None)
        progress((index + 1) / len(graph.nodes))
    return Reconstructed(with_data(graph, changed), fitted)


def _apart(part: Graph, values: Sequence[Array]) -> list[Array]:
    """The outputs of a network for samples that each begin with its state at the start."""
    units = [graph_input.shape[0] for graph_input in (part.tensors[t] for t in part.inputs)]
    count = len(values[0]) // units[0]
    made = [
        reference.run(
            part,
            [x[i * unit : (i + 1) * unit] for x, unit in zip(values, units, strict=True)],
        )
        for i in range(count)
    ]
    return [np.concatenate(parts) for parts in zip(*made, strict=True)]


class _Layer:
    """One layer's problem."""

    def __init__(
        self,
        site: Site,
        source: Array,
        wanted: Array,
        reach: tuple[float, float],
        settings: Settings,
        random: np.random.Generator,
        narrow: bool,
    ) -> None:
        weights = site.const(1)
        self._site, self._settings, self._narrow = site, settings, narrow
        self._w = layers.matrix(site, weights).astype(np.float64)
        self._bias = site.const(2).astype(np.float64)
        self._wanted = wanted.reshape(-1, len(self._w))
        self._x = layers.rows(site, source)
        if len(self._wanted) > ROWS:
            chosen = np.sort(random.choice(len(self._wanted), ROWS, replace=False))
            self._x, self._wanted = self._x[:, chosen], self._wanted[chosen]
        low, high = real_range(site)
        self._limits = (low, high)
        if np.isfinite((low, high)).any():
            self._limits = (max(low, reach[0]), min(high, reach[1]))

    def fit(self, source: Quant) -> dict[str, Array]:
        """Integer `weights` with their `scales`, and the float `bias`."""
        limits, parts = (NARROW4, PARTS4) if self._narrow else (NARROW, PARTS)
        if self._settings.compensate:
            self._w = compensated(self._x, self._w, self._wanted, self._limits)
        quant, _ = weight_quant(
            layers.weights(self._site, self._w.astype(np.float32)),
            scales_axis(self._site, self._settings.per_channel, self._narrow),
            self._site.const(2),
            float(source.scale[0]),
            limits[1],
        )
        whole = np.broadcast_to(quant.scale.astype(np.float64), len(self._w))
        h = rounding.damped(self._moments())
        factor = rounding.factorize(h) if self._settings.rounding == "adaptive" else None
        best_q, best_scale, best = np.zeros(0), whole, np.zeros(0)
        several = quant.per_channel or self._narrow
        for part in parts if self._settings.weight_scales and several else (1.0,):
            scale = (whole * part).astype(np.float32).astype(np.float64)
            if factor is None:
                q = rounding.nearest(self._w, scale, limits)
            else:
                q = rounding.adaptive(h, self._w, scale, factor, limits)
            lost = rounding.error(h, scale[:, None] * q - self._w)
            if not best.size:
                best_q, best_scale, best = q, scale, lost
                continue
            better = lost < best
            if not quant.per_channel:  # all channels share a scale
                better[:] = lost.sum() < best.sum()
            best_q[better] = q[better]
            best_scale = np.where(better, scale, best_scale)
            best = np.where(better, lost, best)
        return {
            "weights": layers.weights(self._site, best_q.astype(np.int8)),
            "scales": best_scale[: quant.scale.size].astype(np.float32),
            "bias": self._own_bias(best_scale[:, None] * best_q),
        }

    def real(self) -> dict[str, Array]:
        """Float `weights` and `bias` that make good for what the layers before did."""
        if self._settings.compensate:
            self._w = compensated(self._x, self._w, self._wanted, self._limits)
        weights = layers.weights(self._site, self._w.astype(np.float32))
        return {"weights": weights, "bias": self._own_bias(self._w)}

    def _own_bias(self, w: Array) -> Array:
        """The bias that goes with these weights [channels, k]."""
        if not self._settings.correct_bias:
            return self._bias
        return corrected(self._sums(w), self._wanted, self._limits)

    def _moments(self) -> Array:
        """Covariances of the inputs [g, k, k], since biases take care of the means."""
        x = self._x - self._x.mean(1, keepdims=True) if self._settings.correct_bias else self._x
        return np.asarray(x.transpose(0, 2, 1) @ x, np.float64) / x.shape[1]

    def _sums(self, w: Array) -> Array:
        """Σ w · x: [n, channels]."""
        w = w.astype(np.float32)
        if len(self._x) == 1:
            return np.asarray(self._x[0] @ w.T)
        return np.asarray(np.einsum("cnk,ck->nc", self._x, w))
