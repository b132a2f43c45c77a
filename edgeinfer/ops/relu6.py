# SPDX-License-Identifier: Apache-2.0
"""RELU6: min(max(x, 0), 6)."""

from __future__ import annotations

from edgeinfer.ops.rectifier import Rectifier


class Relu6(Rectifier):
    """The int8 reference is QuantizedReluX (kernels/activations.cc)."""

    name = "RELU6"
    high = 6.0
