# SPDX-License-Identifier: Apache-2.0
"""RELU: max(x, 0)."""

from __future__ import annotations

from edgeinfer.ops.rectifier import Rectifier


class Relu(Rectifier):
    """The int8 reference is QuantizedReluX (kernels/activations.cc)."""

    name = "RELU"
