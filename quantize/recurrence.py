# SPDX-License-Identifier: Apache-2.0
"""The gradient of UNIDIRECTIONAL_SEQUENCE_LSTM, backward through time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.unidirectional_sequence_lstm import BIAS, GATES, RECURRENT, WEIGHTS


def lstm(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    """Of the inputs of samples that begin with a state of zero; arguments as for rules of slopes.

    With z the sums of the input, forget, cell and output gates: c' = σ(z_f) c + σ(z_i) tanh(z_g),
    clipped, and h = σ(z_o) tanh(c')."""
    x = v[0]
    assert x is not None
    time = 0 if site.option("time_major") else 1
    steps = np.moveaxis(x, time, 0)
    whole = np.moveaxis(grad.reshape(-1, *out.shape), 1 + time, 0)  # [t, p, n, cells]
    # [4 · cells, i], [4 · cells, cells] and [4 · cells], one gate after the other
    w, r, b = (
        np.concatenate([site.const(first + g) for g in range(GATES)])
        for first in (WEIGHTS, RECURRENT, BIAS)
    )
    clip = float(site.option("cell_clip", 0.0)) or np.inf
    h = c = np.zeros((x.shape[1 - time], out.shape[2]), np.float32)
    kept = []
    for each in steps:
        sums = np.split(each @ w.T + h @ r.T + b, GATES, axis=-1)
        i, f, o = (1 / (1 + np.exp(-sums[k])) for k in (0, 1, 3))
        g, before = np.tanh(sums[2]), c
        c = f * before + i * g
        inside = np.abs(c) < clip
        c = np.clip(c, -clip, clip)
        t = np.tanh(c)
        h = o * t
        kept.append((i, f, g, o, before, inside, t))
    found = np.zeros((*whole.shape[:-1], x.shape[2]), np.float32)
    dh = dc = np.zeros_like(whole[0])
    for step in reversed(range(len(steps))):
        i, f, g, o, before, inside, t = kept[step]
        dh = dh + whole[step]
        dc = (dc + dh * o * (1 - t * t)) * inside
        slopes = (
            dc * g * i * (1 - i),
            dc * before * f * (1 - f),
            dc * i * (1 - g * g),
            dh * t * o * (1 - o),
        )
        joined = np.concatenate(slopes, -1)
        found[step], dh, dc = joined @ w, joined @ r, dc * f
    return [np.moveaxis(found, 0, 1 + time).reshape(-1, *x.shape[1:])]
