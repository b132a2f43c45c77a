# SPDX-License-Identifier: Apache-2.0
"""What an error costs: the loss that the searches minimize, and its gradients at random.

The loss of a small error e of the outputs is eᵀ F e / 2 with

    F = diag(p) − p pᵀ  +  I / power

for logits, p their softmax: twice the Kullback-Leibler divergence in second order (the Fisher
information), and the noise-to-signal ratio of the outputs. Only the latter counts where outputs are
not logits. A vector v with E[v vᵀ] = F makes E[(v·e)²] the loss, and its gradient g at an inner
tensor makes (g·δ)² the loss of an error δ there: one backward run for all errors one wants to know
of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgeinfer import evaluate, reference
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize.gradients import differentiable

PROBES = 4  # of each kind, for each sample


class Loss:
    """The loss of a float graph: how wrong its outputs are, in the words above."""

    def __init__(self, graph: Graph, seed: int) -> None:
        head = evaluate.before_softmax(graph)
        self.graph = graph if head is None else head  # to be run, up to the logits
        self.logits = head is not None
        self._random = np.random.default_rng(seed)

    @property
    def usable(self) -> bool:
        """Whether gradients are known."""
        return differentiable(self.graph)

    def power(self, outputs: Mapping[int, Array]) -> dict[int, float]:
        """Mean of |y|² over samples y of each output, freed of its mean if it is logits."""
        return {t: float((self._centred(y) ** 2).sum(1).mean()) or 1.0 for t, y in outputs.items()}

    def seeds(self, values: Mapping[int, Array], power: Mapping[int, float]) -> dict[int, Array]:
        """Random v for each output of a run over n samples: float32 [p, n, …]."""
        found: dict[int, Array] = {}
        for t in dict.fromkeys(self.graph.outputs):
            y = values[t]
            rows = y.reshape(len(y), -1).astype(np.float64)
            v = self._random.normal(size=(PROBES, *rows.shape)) / np.sqrt(PROBES * power[t])
            if self.logits:
                v -= v.mean(2, keepdims=True)
                v = np.concatenate([v, self._fisher(rows) / np.sqrt(PROBES)])
            found[t] = v.astype(np.float32).reshape(len(v), *y.shape)
        return found

    def _fisher(self, logits: Array) -> Array:
        """e_k − p with k drawn from p: [PROBES, n, k], for which E[v vᵀ] = diag(p) − p pᵀ."""
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        drawn = self._random.random((PROBES, len(p), 1)) > p.cumsum(1)
        v = np.tile(-p, (PROBES, 1, 1))
        chosen = np.minimum(drawn.sum(2), p.shape[1] - 1)
        np.put_along_axis(
            v, chosen[..., None], np.take_along_axis(v, chosen[..., None], 2) + 1, axis=2
        )
        return v

    def _centred(self, y: Array) -> Array:
        rows = y.reshape(len(y), -1).astype(np.float64)
        return rows - rows.mean(1, keepdims=True) if self.logits and rows.shape[1] > 1 else rows


def run_all(graph: Graph, samples: Sequence[Array]) -> dict[int, Array]:
    """Every float activation of a run over these samples: tensor → [n, …]."""
    values: dict[int, Array] = {}
    with np.errstate(over="ignore", invalid="ignore"):
        reference.run(graph, samples, values.__setitem__)
    return {t: v for t, v in values.items() if v.dtype == np.float32}
