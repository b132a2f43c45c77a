# SPDX-License-Identifier: Apache-2.0
"""RELU_0_TO_1: x clipped to [0, 1]."""

from __future__ import annotations

from edgeinfer.ops.rectifier import Rectifier


class Relu0To1(Rectifier):
    """The int8 reference is QuantizedReluX (kernels/activations.cc)."""

    name = "RELU_0_TO_1"
    low, high = 0.0, 1.0
