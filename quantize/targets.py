# SPDX-License-Identifier: Apache-2.0
"""The weights that a layer wants, given the inputs that it really gets.

The layers before have made errors, and what of these follows from the inputs as they are, weights
can make good: for an error r of the outputs, weights that are larger by δ = E[r x̃ᵀ] (p H + λ I)⁻¹
leave least of it, H being the covariance of the quantized inputs x̃ and p the part of them for
which the output is open, between the ends that it is clipped to. How far to go, λ, is judged on
samples that took no part: of few samples a layer with many inputs learns by heart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeinfer.graph import Array

Floats = npt.NDArray[np.float64]
RIDGES = (0.003, 0.03, 0.3, 3.0)  # λ, in parts of H's mean diagonal
GAIN = 0.98  # part of the error that has to be gone at least


def compensated(x: Array, w: Floats, wanted: Array, limits: tuple[float, float]) -> Floats:
    """Weights [channels, k] for inputs x [1 or channels, n, k] and float outputs [n, channels].

    `wanted` is before the activation, which clips to `limits`. Rows are in the order of samples,
    whose halves judge each other."""
    n = x.shape[1]
    if n < 4:
        return w
    halves = [_Part(x[:, p], w, wanted[p], limits) for p in (slice(n // 2), slice(n // 2, n))]
    lost = np.zeros(len(RIDGES))
    for mine, other in (halves, halves[::-1]):
        lost += [other.error(w + mine.solved(ridge)) for ridge in RIDGES]
    best = int(lost.argmin())
    if lost[best] > GAIN * sum(half.error(w) for half in halves):
        return w
    return w + _Part(x, w, wanted, limits).solved(RIDGES[best])


class _Part:
    """Some rows of a layer's problem."""

    def __init__(self, x: Array, w: Floats, wanted: Array, limits: tuple[float, float]) -> None:
        self._x, self._wanted, self._limits = x, wanted, limits
        rest, sums = self._rest(w)
        (low, high), n = limits, x.shape[1]
        open_ = ((sums > low) & (sums < high)) | ((wanted > low) & (wanted < high))
        x = x - x.mean(1, keepdims=True)
        h = np.asarray(x.transpose(0, 2, 1) @ x, np.float64) / n
        self._values, self._vectors = np.linalg.eigh(h)
        if len(x) == 1:
            cross = np.asarray(rest.T @ x[0], np.float64) / n
        else:
            cross = np.asarray(np.einsum("cnk,nc->ck", x, rest), np.float64) / n
        self._cross = np.einsum("gkj,ck->cj" if len(x) == 1 else "ckj,ck->cj", self._vectors, cross)
        self._open = np.maximum(open_.mean(0, dtype=np.float64), 0.01)[:, None]

    def solved(self, ridge: float) -> Floats:
        """δ [channels, k] for λ = ridge · mean diagonal."""
        values = self._values * self._open + ridge * self._values.mean(1, keepdims=True) + 1e-30
        turned = self._cross / values
        back = "gkj,cj->ck" if len(self._vectors) == 1 else "ckj,cj->ck"
        return np.asarray(np.einsum(back, self._vectors, turned))

    def error(self, w: Floats) -> float:
        """The squared error after the activation, when biases make good for means."""
        return float((self._rest(w)[0].astype(np.float64) ** 2).sum())

    def _rest(self, w: Floats) -> tuple[Array, Array]:
        """The error after the activation, and the sums, both [n, channels]."""
        low = w.astype(np.float32)
        x = self._x
        sums = x[0] @ low.T if len(x) == 1 else np.einsum("cnk,ck->nc", x, low)
        sums = sums + (self._wanted - sums).mean(0)
        return np.clip(self._wanted, *self._limits) - np.clip(sums, *self._limits), sums
