# SPDX-License-Identifier: Apache-2.0
"""Empirical bias correction: each channel's mean error against float, made good by its bias.

As in Nagel et al., 2019 (arXiv:1906.04721, section 4.2), but layer by layer on quantized inputs, so
that a layer also mends what those before it did to the mean; and after the activation, where it
counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeinfer.graph import Array

Floats = npt.NDArray[np.float64]
STEPS = 3  # of Newton's method; it has settled then


def corrected(made: Array, wanted: Array, limits: tuple[float, float]) -> Floats:
    """The bias [channels] with which outputs have the float layer's means.

    `made` [n, channels] are the quantized layer's sums without bias, `wanted` the float layer's
    before activation, and `limits` what activation and output range clip both to."""
    bias: Floats = (wanted - made).mean(0, dtype=np.float64)
    if not np.isfinite(limits).any():
        return bias
    target = np.clip(wanted, limits[0], limits[1])
    inside = (wanted > limits[0]) & (wanted < limits[1])
    for _step in range(STEPS):
        sums = made + bias.astype(np.float32)
        open_ = inside | ((sums > limits[0]) & (sums < limits[1]))
        rest: Array = target - np.clip(sums, limits[0], limits[1])
        lost: Floats = rest.sum(0, dtype=np.float64)
        bias = bias + lost / (open_.sum(0) + 0.01 * len(made) + 1)
    return bias
