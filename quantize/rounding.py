# SPDX-License-Identifier: Apache-2.0
"""Weights → integers, each output channel a least-squares problem of its own:

    minimize over whole numbers q in −127..127, or −7..7:  (s·q − w)ᵀ H (s·q − w)

where H are the second moments of the inputs that the channel sees. Rounding proceeds as in GPTQ
(Frantar et al., 2022, arXiv:2210.17323): each weight's error is made good by those that come after
it. Coordinate descent ends it: single weights move by a step as long as that helps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeinfer.quantize.params import NARROW

Floats = npt.NDArray[np.float64]
SWEEPS = 4  # of coordinate descent; more change next to nothing
DAMPING = 0.01  # of H's mean diagonal, added to it: what samples leave open stays near the float


def damped(h: Floats, by: float = DAMPING) -> Floats:
    """Moments [g, k, k] made positive definite."""
    diagonal = np.einsum("gkk->gk", h)
    more = by * diagonal.mean(1) + 1e-9 * diagonal.max(1) + 1e-30
    return np.asarray(h + more[:, None, None] * np.eye(h.shape[1]))


def error(h: Floats, difference: Floats) -> Floats:
    """dᵀ H d for each channel: h [channels or 1, k, k], d [channels, k] → [channels]."""
    return np.asarray(np.einsum("ck,ck->c", _times(h, difference), difference))


def nearest(w: Floats, scale: Floats, limits: tuple[int, int] = NARROW) -> Floats:
    """Each weight rounded on its own: w [channels, k], scale [channels] → whole numbers."""
    return np.clip(np.rint(w / scale[:, None]), *limits)


def factorize(h: Floats) -> Floats:
    """The upper Cholesky factor of each inverse: U with UᵀU = H⁻¹. H is positive definite."""
    # The inverse of H reversed, H = LLᵀ there, is L⁻ᵀL⁻¹; reversed again L⁻¹ is upper triangular.
    lower = np.linalg.cholesky(h[:, ::-1, ::-1])
    return np.linalg.inv(lower)[:, ::-1, ::-1]


def adaptive(
    h: Floats, w: Floats, scale: Floats, factor: Floats, limits: tuple[int, int] = NARROW
) -> Floats:
    """Whole numbers q [channels, k] for weights w, scales [channels], moments h (as in `error`).

    `factor` is factorize(h)."""
    q = np.zeros_like(w)
    rest = w.copy()
    for j in range(w.shape[1]):
        q[:, j] = np.clip(np.rint(rest[:, j] / scale), *limits)
        push = (rest[:, j] - scale * q[:, j]) / factor[:, j, j]
        rest[:, j + 1 :] -= push[:, None] * factor[:, j, j + 1 :]
    return _descend(h, w, scale, q, limits)


def _descend(h: Floats, w: Floats, scale: Floats, q: Floats, limits: tuple[int, int]) -> Floats:
    """q after coordinate descent."""
    gradient = _times(h, scale[:, None] * q - w)
    for _ in range(SWEEPS):
        moved = False
        for j in range(w.shape[1]):
            wanted = np.rint(q[:, j] - gradient[:, j] / (h[:, j, j] * scale))
            step = np.clip(wanted, *limits) - q[:, j]
            if step.any():
                moved = True
                q[:, j] += step
                gradient += (step * scale)[:, None] * h[:, j]
        if not moved:
            break
    return q


def _times(h: Floats, d: Floats) -> Floats:
    return d @ h[0] if len(h) == 1 else np.asarray(np.einsum("cj,cjk->ck", d, h))
