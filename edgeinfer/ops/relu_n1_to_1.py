# SPDX-License-Identifier: Apache-2.0
"""RELU_N1_TO_1: x clipped to [-1, 1]."""

from __future__ import annotations

from edgeinfer.ops.rectifier import Rectifier


class ReluN1To1(Rectifier):
    """The int8 reference is QuantizedReluX (kernels/activations.cc)."""

    name = "RELU_N1_TO_1"
    low, high = -1.0, 1.0
