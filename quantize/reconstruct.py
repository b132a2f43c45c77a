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
from edgeinfer.quantize.params import NARROW, NARROW4, to_integers, to_reals, weight_quant
from edgeinfer.quantize.prepare import one_node, with_data
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

    graph: Graph  # float, with the new biases
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
) -> Reconstructed:
    """Fit all layers with weights, in order, on samples [n, …] of each input.

    Needs weights and biases of their own (prepare.own_constants) and a network that keeps its
    samples apart. The activations in `wide` are int16, the others int8; the weights in `narrow`
    have 4 bits. Layers found in `kept` are taken from there; `progress` is called with the part
    that is done."""
    exact: dict[int, Array] = dict(zip(graph.inputs, samples, strict=True))
    forms = Forms(quants, wide)
    made = {
        t: to_integers(x, forms.quant(t), forms.dtype(t), forms.limits(t)) for t, x in exact.items()
    }
    # What a budget has chosen is not in the settings.
    chosen = repr((sorted(wide), sorted(narrow), settings.split))
    mark = f"_{crc32(chosen.encode()):08x}"
    last = {t: i for i, node in enumerate(graph.nodes) for t in node.inputs}
    biases: dict[int, Array] = {}
    fitted: dict[int, Fitted] = {}
    for index, node in enumerate(graph.nodes):
        site = Site.of(graph, index)
        op = op_for(site)
        inputs = [exact.get(t, graph.tensors[t].data) if t >= 0 else None for t in node.inputs]
        part = one_node(graph, node, set(exact))
        if op.rule.weights is not None:
            wanted = layers.before_activation(site, inputs)
            exact[node.outputs[0]] = clip(site, wanted)
            source = to_reals(made[node.inputs[0]], forms.quant(node.inputs[0]))
            name = f"layer{index}{mark}"
            done = kept.load(name)
            if done is None:
                random = np.random.default_rng((settings.seed, index))
                reach = forms.reals(node.outputs[0])
                few = node.inputs[1] in narrow
                layer = _Layer(site, source, wanted, reach, settings, random, few)
                done = layer.fit(quants[node.inputs[0]])
                kept.save(name, done)
            scales, axis = done["scales"], op.rule.channel_axis or 0
            quant = Quant(scales, np.zeros(scales.size, np.int64), axis)
            fitted[node.inputs[1]] = Fitted(done["weights"], quant)
            biases[node.inputs[2]] = done["bias"]
            part = with_data(part, biases)
        else:
            exact.update(zip(node.outputs, op.run(site, inputs), strict=True))
        how: dict[str, Any] = {"per_channel": settings.per_channel, "wide": wide}
        part8, _ = convert(part, quants, fitted=fitted, narrow=narrow, **how)
        made.update(
            zip(node.outputs, reference.run(part8, [made[t] for t in part.inputs]), strict=True)
        )
        for t in node.inputs:
            if last[t] == index:
                exact.pop(t, None)
                made.pop(t, None)
        progress((index + 1) / len(graph.nodes))
    return Reconstructed(with_data(graph, biases), fitted)


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
        bias = self._bias
        if self._settings.correct_bias:
            sums = self._sums(best_scale[:, None] * best_q)
            bias = corrected(sums, self._wanted, self._limits)
        return {
            "weights": layers.weights(self._site, best_q.astype(np.int8)),
            "scales": best_scale[: quant.scale.size].astype(np.float32),
            "bias": bias,
        }

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
