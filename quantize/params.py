# SPDX-License-Identifier: Apache-2.0
"""Real ranges → scales and zero points, and real arrays → integers.

https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import QuantizeError
from edgeinfer.graph import Array, Quant
from edgeinfer.numerics.fixed_point import round_away

Range = tuple[float, float]
INT8 = (-128, 127)
NARROW = (-127, 127)  # weights: symmetric, so that −w exists for each w
NARROW4 = (-7, 7)  # weights of 4 bits
NEGLIGIBLE = 1e-6  # a range this small holds nothing but rounding noise
BIAS_LIMIT = 1 << 30  # half of int32, so that the products still fit beside the bias
DEAD = 2.0**-20  # a channel's weights below this part of the largest channel's count as zero


def activation_quant(low: float, high: float) -> Quant:
    """The int8 scale and zero point that cover [low, high] and hold 0 exactly.

    scale = (high − low) / 255, zero point = −128 − low / scale, rounded into −128..127, as
    ChooseQuantizationParams in TFLite (kernels/internal/quantization_util.h). The range is widened
    to contain 0; a negligible one becomes [0, 1]. Raises QuantizeError if it is not finite."""
    low, high = min(low, 0.0), max(high, 0.0)
    if not np.isfinite(high - low) or high - low > float(np.finfo(np.float32).max):
        raise QuantizeError(
            f"The range {low} to {high} has no scale.", "Check the samples and the network."
        )
    if negligible(low, high):
        low, high = 0.0, 1.0
    scale = np.float32((high - low) / 255)
    zero_point = int(round_away(np.asarray(INT8[0] - low / float(scale))))
    return Quant.per_tensor(float(scale), min(max(zero_point, INT8[0]), INT8[1]))


def negligible(low: float, high: float) -> bool:
    """Whether a range holds nothing that int8 could tell from zero."""
    return max(high, 0.0) - min(low, 0.0) < NEGLIGIBLE


def weight_quant(
    weights: Array,
    axis: int | None,
    bias: Array | None,
    input_scale: float,
    largest_integer: int = NARROW[1],
) -> tuple[Quant, int]:
    """Symmetric scales of float weights, and how many channels are dead (all but zero).

    scale = max |w| / `largest_integer` over each slice along `axis`, or over the whole tensor if
    that is None. Raised where a dead channel would have none, and where bias [channels] /
    (input_scale · scale) would leave int32 (as AdjustWeightsForBiasScale of TFLite's tools/optimize
    does)."""
    if axis is None:
        largest = np.abs(weights).max(initial=0.0, keepdims=True).reshape(1).astype(np.float64)
        need = np.abs(bias).max(initial=0.0, keepdims=True) if bias is not None else np.zeros(1)
    else:
        others = tuple(d for d in range(weights.ndim) if d != axis)
        largest = np.abs(weights).max(others, initial=0.0).astype(np.float64)
        need = np.abs(bias) if bias is not None else np.zeros(largest.shape)
    top = float(largest.max(initial=0.0)) or 127.0
    dead = largest <= top * DEAD
    scale = np.maximum(largest, top * DEAD) / largest_integer
    scale = np.maximum(scale, need.reshape(-1).astype(np.float64) / (input_scale * BIAS_LIMIT))
    scales = np.maximum(scale.astype(np.float32), np.finfo(np.float32).tiny)
    return Quant(scales, np.zeros(scales.size, np.int64), axis or 0), int(dead.sum())


def bias_quant(weights: Quant, input_scale: float) -> Quant:
    """The int32 bias's quantization: scale = input · weights for each channel, zero point 0."""
    scale = np.float32(input_scale) * weights.scale
    scale = np.maximum(scale, np.finfo(np.float32).tiny)
    return Quant(scale.astype(np.float32), np.zeros(scale.size, np.int64))


def to_integers(
    values: Array, quant: Quant, dtype: npt.DTypeLike, limits: tuple[int, int]
) -> npt.NDArray[Any]:
    """round(values / scale) + zero point, halves away from zero, clamped: same shape, `dtype`."""
    axis = tuple(d for d in range(values.ndim) if d != quant.axis) if quant.per_channel else ()
    scale = quant.scale.astype(np.float64)
    zero = quant.zero_point
    if quant.per_channel:
        scale, zero = np.expand_dims(scale, axis), np.expand_dims(zero, axis)
    scaled = round_away(values.astype(np.float64) / scale) + zero
    return np.clip(scaled, *limits).astype(dtype).reshape(values.shape)


def to_reals(values: Array, quant: Quant) -> npt.NDArray[np.float32]:
    """scale · (values − zero point): float32 of the same shape."""
    axis = tuple(d for d in range(values.ndim) if d != quant.axis) if quant.per_channel else ()
    scale, zero = quant.scale, quant.zero_point
    if quant.per_channel:
        scale, zero = np.expand_dims(scale, axis), np.expand_dims(zero, axis)
    reals = scale.astype(np.float32) * (values.astype(np.int64) - zero).astype(np.float32)
    return np.asarray(reals, np.float32).reshape(values.shape)
