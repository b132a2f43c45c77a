# SPDX-License-Identifier: Apache-2.0
"""UNIDIRECTIONAL_SEQUENCE_LSTM of float32, in the order of LstmStep in TensorFlow Lite Micro
(micro/kernels/lstm_eval.h)."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.float_functions import logistic, tanh
from edgeinfer.ops.base import Site
from edgeinfer.ops.real import dot


def check(site: Site, constants: range, states: tuple[int, int]) -> None:
    """Raise UnsupportedError unless weights, biases and state are float32."""
    for i in (*constants, *states):
        tensor = site.optional(i)
        if tensor is not None and (tensor.dtype != np.float32 or tensor.quant is not None):
            raise site.unsupported(f"float32 with '{tensor.name}' of type {tensor.dtype}")
    for i in states:
        if not site.input(i).is_variable:
            raise site.unsupported("a state that is not variable")


def step(
    x: Array, h: Array, c: Array, gates: tuple[Array, Array, Array], clip: float
) -> tuple[Array, Array]:
    """The new h and cell [n, cells] after x [n, i]; gates: weights [cells, 4, i], biases [cells, 4]
    and weights of the recurrence [cells, 4, cells]."""
    weights, bias, recurrent = gates
    i, f, g, o = (
        (bias[:, k] + _product(x, weights[:, k])) + _product(h, recurrent[:, k]) for k in range(4)
    )
    c = logistic(f) * c + tanh(g) * logistic(i)
    if clip > 0:
        limit = np.float32(clip)
        c = np.where(c < -limit, -limit, c)
        c = np.where(c > limit, limit, c)
    return logistic(o) * tanh(c), c


def _product(x: Array, w: Array) -> Array:
    """x wᵀ, each sum in order: [n, cells]."""
    return dot(x[:, None, None, None, None], w[:, None, None])[:, 0, 0]
