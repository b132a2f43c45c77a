# SPDX-License-Identifier: Apache-2.0
"""Fused activations: what they clip to, in float and in int8."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array, Tensor
from edgeinfer.numerics.fixed_point import round_away
from edgeinfer.ops.base import Site

# ActivationFunctionType of the schema → range in real numbers.
RANGES: dict[int, tuple[float, float]] = {
    0: (-np.inf, np.inf),  # NONE
    1: (0.0, np.inf),  # RELU
    2: (-1.0, 1.0),  # RELU_N1_TO_1
    3: (0.0, 6.0),  # RELU6
}


def real_range(site: Site) -> tuple[float, float]:
    """The fused activation's range in real numbers. Raises UnsupportedError for TANH and others."""
    code = int(site.option("fused_activation_function"))
    if code not in RANGES:
        raise site.unsupported(f"fused activation {code}")
    return RANGES[code]


def clip(site: Site, x: Array) -> Array:
    """A float output after the fused activation."""
    low, high = (np.float32(end) for end in real_range(site))
    x = np.where(x < low, low, x) if np.isfinite(low) else x  # zeros keep their sign
    return np.where(x > high, high, x) if np.isfinite(high) else x


def quantize_value(value: float, tensor: Tensor) -> int:
    """A real number in a tensor's scale, in float32 arithmetic as TFLite does it, not clamped."""
    # A tiny scale would make it infinite.
    with np.errstate(over="ignore"):
        ratio = np.clip(np.float32(value) / np.float32(tensor.scale), -(2.0**30), 2.0**30)
    return tensor.zero_point + int(round_away(np.asarray(ratio, np.float32)))


def int8_range(site: Site) -> tuple[int, int]:
    """The fused activation's range in the output's int8 or int16 values.

    As CalculateActivationRangeQuantized in TFLite (kernels/kernel_util.cc)."""
    return quantized_range(site.output, *real_range(site))


def rectified_at(site: Site) -> int | None:
    """The output's zero point, where the fused activation clamps to it or above."""
    zero = site.output.zero_point
    return zero if int8_range(site)[0] >= zero else None


def quantized_range(tensor: Tensor, low: float, high: float) -> tuple[int, int]:
    """A range of real numbers in the int8 or int16 values of a tensor."""
    limits = np.iinfo(np.int16 if tensor.dtype == np.int16 else np.int8)
    least, most = int(limits.min), int(limits.max)
    if low != -np.inf:
        least = max(least, quantize_value(low, tensor))
    if high != np.inf:
        most = min(most, quantize_value(high, tensor))
    return least, most
