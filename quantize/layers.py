# SPDX-License-Identifier: Apache-2.0
"""A layer with weights as a matrix: its inputs as rows, its weights as one row for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Site
from edgeinfer.ops.convolution import Convolution
from edgeinfer.quantize.channels import DEPTHWISE


def rows(site: Site, x: Array) -> Array:
    """What each output reads of a float input: [g, n, k] with g channels apart, or g = 1 for all.

    Taps in the padding are 0."""
    op, weights = op_for(site), site.input(1).shape
    if not isinstance(op, Convolution):
        return x.reshape(1, -1, weights[-1])
    taps = op.window(site).patches(x, 0.0)
    if site.node.op != DEPTHWISE:
        return taps.reshape(1, -1, int(np.prod(taps.shape[3:])))
    apart = taps.reshape(-1, taps.shape[3] * taps.shape[4], taps.shape[5]).transpose(2, 0, 1)
    return np.repeat(apart, weights[3] // len(apart), 0)


def matrix(site: Site, weights: Array) -> Array:
    """Weights as [channels, k], in the order of `rows`."""
    if site.node.op == DEPTHWISE:
        return weights.reshape(-1, weights.shape[3]).T
    return weights.reshape(len(weights), -1)


def weights(site: Site, flat: Array) -> Array:
    """[channels, k] in the shape of the site's weights."""
    shape = site.input(1).shape
    return np.ascontiguousarray((flat.T if site.node.op == DEPTHWISE else flat).reshape(shape))


def before_activation(site: Site, values: Sequence[Array | None]) -> Array:
    """The layer's float outputs before its fused activation."""
    options = {**site.node.options, "fused_activation_function": 0}
    return op_for(site).float_(replace(site, node=replace(site.node, options=options)), values)
