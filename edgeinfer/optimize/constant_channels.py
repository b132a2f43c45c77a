# SPDX-License-Identifier: Apache-2.0
"""Constant channels: what they add to a sum moves into the bias, and their own weights go to zero.

A channel whose interval (bounds.py) is one value does not depend on the input. As long as what it
adds to an output channel is the same at every position, that is a part of the bias; in a padded
window it often is not, because the padding counts as the zero point, and then it stays."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Array, Graph, Quant, Tensor
from edgeinfer.numerics.fixed_point import INT32_MAX, INT32_MIN
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Op, Site
from edgeinfer.ops.convolution import Convolution
from edgeinfer.ops.depthwise_conv_2d import DepthwiseConv2D
from edgeinfer.ops.weighted import bias_of
from edgeinfer.optimize.base import Editor, Outcome
from edgeinfer.optimize.bounds import Bounds, accumulators, bounds, is_weighted, sums

NAME = "constant-channels"


def run(graph: Graph) -> Outcome:
    """Fold constant channels into biases; leaves zero weights for `unread_channels` to remove."""
    known, edited = bounds(graph), Editor(graph)
    for index, node in enumerate(graph.nodes):
        site, op = Site.of(graph, index), OPS.get(node.op)
        if op is None or not node.inputs or node.inputs[0] not in known:
            continue
        if not is_weighted(op, site):
            continue
        w, bias = site.const(1).copy(), _bias(op, site)
        folded = _outputs(op, site, known[node.inputs[0]], known[node.outputs[0]], w, bias)
        if not isinstance(op, DepthwiseConv2D):
            folded += _inputs(op, site, known[node.inputs[0]], w, bias)
        if not folded:
            continue
        edited.set_input(index, 1, edited.constant(site.input(1), w))
        like = site.optional(2) or _bias_tensor(site)
        edited.set_input(index, 2, edited.constant(like, bias.astype(np.int32)))
    return Outcome(edited.graph())


def _outputs(op: Op, site: Site, x: Bounds, y: Bounds, w: Array, bias: Array) -> int:
    """Zero the weights of output channels that are one constant; returns how many there were."""
    low, high = (end.reshape(-1, len(bias)) for end in y)
    constant = np.all((low == high) & (low == low[0]), axis=0)
    rows = _by_output(op, w)
    found = constant & np.any(rows != 0, axis=1)
    if not found.any():
        return 0
    least = accumulators(op, site, x)[0].reshape(-1, len(bias))[0]
    found &= (least >= INT32_MIN) & (least <= INT32_MAX)
    # Any accumulator that the channel can have gives its value; so does a bias of that size.
    bias[found] = least[found]
    if isinstance(op, DepthwiseConv2D):
        w[..., found] = 0
    else:
        w[found] = 0
    return int(found.sum())


def _inputs(op: Op, site: Site, x: Bounds, w: Array, bias: Array) -> int:
    """Move what constant input channels add into the bias; returns how many weights became zero."""
    width = w.shape[-1]
    low, high = (end.reshape(-1, width) for end in x)
    count = 0
    for c in np.flatnonzero(np.all(low == high, axis=0)):
        part = w[..., c : c + 1]
        if not part.any():
            continue
        if isinstance(op, Convolution):
            added = sums(op, site, x[0][..., c : c + 1], part).reshape(-1, len(bias))
        else:
            added = sums(op, site, low[:, c : c + 1], part)
        total = bias + added[0]
        same = np.all(added == added[0], axis=0) & (total >= INT32_MIN) & (total <= INT32_MAX)
        bias[same] = total[same]
        count += int(np.count_nonzero(part[same]))
        part[same] = 0
    return count


def _by_output(op: Op, w: Array) -> Array:
    """Weights as [output channels, the rest]."""
    return (
        w.reshape(-1, w.shape[-1]).T if isinstance(op, DepthwiseConv2D) else w.reshape(len(w), -1)
    )


def _bias(op: Op, site: Site) -> Array:
    return bias_of(site, len(_by_output(op, site.const(1))), np.int64).copy()


def _bias_tensor(site: Site) -> Tensor:
    """A bias for a layer that has none."""
    weights = site.input(1).quant
    assert weights is not None
    scale = (weights.scale * np.float32(site.input(0).scale)).astype(np.float32)
    quant = Quant(scale, np.zeros(scale.size, np.int64), 0)
    return Tensor(f"{site.output.name}/bias", (), np.dtype(np.int32), quant)
