# SPDX-License-Identifier: Apache-2.0
"""What CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED share: weights, bias, requantization."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, multipliers, requantize, wrap
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import Site


def check_weights(site: Site) -> None:
    """Raise UnsupportedError unless the weights are constant, int8 and symmetric."""
    site.const(1)
    weights = site.input(1)
    if weights.dtype != np.int8:
        raise site.unsupported(f"weights of type {weights.dtype}")
    asymmetric = weights.quant is not None and np.any(weights.quant.zero_point != 0)
    if weights.quant is None or (asymmetric and not site.option("uint8")):
        raise site.unsupported("asymmetric weights (zero point other than 0)")
    bias = site.optional(2)
    wide = site.input(0).dtype == np.int16
    kinds = (np.int32, np.int64) if wide else (np.int32,)
    if bias is not None and bias.data is not None and bias.dtype not in kinds:
        raise site.unsupported(f"a bias of type {bias.dtype}")


def bias_of(site: Site, channels: int, dtype: type) -> Array:
    """The bias, or zeros where there is none: [channels]. Raises ModelError for another length."""
    if site.optional(2) is None:
        return np.zeros(channels, dtype)
    bias = site.const(2)
    if bias.shape != (channels,):
        raise ModelError(
            f"{site.where}: a bias of shape {bias.shape} for {channels} channels.",
            "Convert the model again: it is damaged.",
        )
    return bias.astype(dtype)


def channel_multipliers(site: Site, channels: int) -> tuple[Ints, Ints]:
    """Per-channel multipliers and shifts of scale input · weight / output.

    As PopulateConvolutionQuantizationParams in TFLite (kernels/kernel_util.cc), which multiplies
    the scales in float32 for uint8. The option `uint8`, which no file has, says that a layer was
    of that type (edgeinfer/unsigned.py)."""
    weights = site.input(1).quant
    assert weights is not None
    if site.option("uint8"):
        product = np.float32(site.input(0).scale) * weights.scale[0]
        return multipliers(np.full(channels, float(product) / site.output.scale))
    scales = np.broadcast_to(weights.scale.astype(np.float64), channels)
    return multipliers(site.input(0).scale * scales / site.output.scale)


def folded_bias(site: Site, weight_sums: Ints) -> Ints:
    """Bias − zero_point · Σ weights per channel, int32: kernels then multiply raw input bytes."""
    bias = bias_of(site, len(weight_sums), np.int64)
    return wrap(bias - site.input(0).zero_point * weight_sums.astype(np.int64)).astype(np.int32)


def finish(site: Site, acc: Array, mult: Ints | int, shift: Ints | int) -> Array:
    """Accumulators (exact integers of any dtype, bias included) → int8 outputs."""
    low, high = int8_range(site)
    q = requantize(wrap(acc.astype(np.int64)), mult, shift) + site.output.zero_point
    return np.clip(q, low, high).astype(np.int8)
