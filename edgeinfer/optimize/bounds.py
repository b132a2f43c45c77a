# SPDX-License-Identifier: Apache-2.0
"""What values int8 activations can take at all: an interval for every element, over all inputs.

Interval arithmetic (Moore, 1966) on the integers that the kernels compute: sums of weights times
intervals, then the requantization, which is monotone as long as nothing wraps around."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.fold import results
from edgeinfer.graph import Array, Graph
from edgeinfer.numerics.fixed_point import INT32_MAX, INT32_MIN, Ints
from edgeinfer.ops import OPS
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import MOST_WORK, Op, Site
from edgeinfer.ops.convolution import Convolution
from edgeinfer.ops.fully_connected import FullyConnected
from edgeinfer.ops.moves import Join, View
from edgeinfer.ops.table import Table
from edgeinfer.ops.weighted import bias_of, channel_multipliers, check_weights, finish

Bounds = tuple[Array, Array]  # least and largest value of each element, int8, the tensor's shape

# Operators whose output never falls when an input grows, beside those that only move bytes.
MONOTONE = {"ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "PAD", "RESHAPE"}
LARGEST_RATIO = 1024.0  # of scales in to out: beyond, the fixed-point arithmetic might wrap around


def bounds(graph: Graph) -> dict[int, Bounds]:
    """Intervals of all int8 tensors, constants included, but those without elements."""
    known: dict[int, Bounds] = {}
    work = 0
    for index, tensor in enumerate(graph.tensors):
        if tensor.dtype == np.int8 and tensor.data is not None:
            known[index] = (tensor.data, tensor.data)
    for t in graph.activations():
        if graph.tensors[t].dtype == np.int8 and graph.tensors[t].size:
            known[t] = _anything(graph.tensors[t].shape)
    for index, node in enumerate(graph.nodes):
        site, op = Site.of(graph, index), OPS.get(node.op)
        if op is None or not site.outputs or site.output.dtype != np.int8:
            continue
        if not all(t.size for t in (*site.inputs, *site.outputs) if t is not None):
            continue  # lowering refuses it
        try:
            work += op.work(site)
            if work > MOST_WORK:
                break
            found = _through(op, site, [known.get(t) for t in node.inputs])
        except EdgeinferError:  # a layer that no kernel runs: lowering says so
            continue
        if found is not None:
            known.update(zip(node.outputs, found, strict=True))
    return known


def is_weighted(op: Op | None, site: Site) -> bool:
    """Whether a node is an int8 layer with constant weights whose sums can be bounded."""
    if not isinstance(op, (Convolution, FullyConnected)):
        return False
    try:
        if isinstance(op, Convolution) and op.groups(site) > 1:
            return False
        site.require_int8(0)
        check_weights(site)
        if site.input(1).zero_point:
            return False
        bias_of(site, len(_weight_sums(op, site.const(1))), np.int64)
    except EdgeinferError:
        return False
    return True


def sums(op: Op, site: Site, x: Array, w: Array) -> Ints:
    """Exact Σ w · (x − zero point) over each window, int64, with nothing in the padding."""
    zero = site.input(0).zero_point
    if isinstance(op, Convolution):
        raw = op.sums(site, x.astype(np.float64), w.astype(np.float64), zero)
    else:
        raw = x.reshape(-1, w.shape[1]).astype(np.float64) @ w.T.astype(np.float64)
    return np.asarray(raw, np.int64) - zero * _weight_sums(op, w)


def accumulators(op: Op, site: Site, x: Bounds) -> tuple[Ints, Ints]:
    """Least and largest accumulator of each output of a weighted layer, bias included."""
    w = site.const(1)
    up, down = np.maximum(w, 0), np.minimum(w, 0)
    bias = bias_of(site, len(_weight_sums(op, w)), np.int64)
    low = sums(op, site, x[0], up) + sums(op, site, x[1], down) + bias
    high = sums(op, site, x[1], up) + sums(op, site, x[0], down) + bias
    return low, high


def _weight_sums(op: Op, w: Array) -> Ints:
    channel = op.channel_axis if isinstance(op, Convolution) else 0
    others = tuple(d for d in range(w.ndim) if d != channel)
    return np.asarray(w.sum(others, dtype=np.int64))


def _anything(shape: tuple[int, ...]) -> Bounds:
    return np.full(shape, -128, np.int8), np.full(shape, 127, np.int8)


def _through(op: Op, site: Site, inputs: Sequence[Bounds | None]) -> list[Bounds] | None:
    """The outputs' intervals, or None where nothing is known."""
    if not inputs or inputs[0] is None:
        return None
    if is_weighted(op, site):
        return [_weighted(op, site, inputs[0])]
    if isinstance(op, Table):
        return [_table(op.table(site), inputs[0])]
    values: list[tuple[Array | None, Array | None]] = []
    for tensor, known in zip(site.inputs, inputs, strict=True):
        if known is None:
            known = (tensor.data, tensor.data) if tensor and tensor.data is not None else None
        if known is None and tensor is not None:
            return None
        values.append(known or (None, None))
    if op.name == "MUL" and _ratio(site, product=True) <= LARGEST_RATIO:
        corners = [results(site, op, [a, b])[0] for a in values[0] for b in values[1]]
        return [(np.minimum.reduce(corners), np.maximum.reduce(corners))]
    monotone = isinstance(op, (Join, View)) or op.name in MONOTONE
    if monotone and _ratio(site, product=False) <= LARGEST_RATIO:
        ends = [results(site, op, [v[end] for v in values]) for end in (0, 1)]
        return list(zip(*ends, strict=True))
    return None


def _weighted(op: Op, site: Site, x: Bounds) -> Bounds:
    low, high = accumulators(op, site, x)
    if isinstance(op, FullyConnected):
        mult, shift = op.output_multipliers(site)
    else:
        mult, shift = channel_multipliers(site, low.shape[-1])
    # Both the accumulator and its left shift must stay within int32: else they wrap around.
    left = np.maximum(shift.astype(np.int64), 0)
    safe = (low >= INT32_MIN >> left) & (high <= INT32_MAX >> left)
    ends = [
        np.where(safe, finish(site, np.where(safe, acc, 0), mult, shift), limit)
        for acc, limit in zip((low, high), int8_range(site), strict=True)
    ]
    shape = site.output.shape
    return ends[0].astype(np.int8).reshape(shape), ends[1].astype(np.int8).reshape(shape)


def _table(table: Array, x: Bounds) -> Bounds:
    least, largest = np.empty((256, 256), np.int8), np.empty((256, 256), np.int8)
    for start in range(256):
        least[start, start:] = np.minimum.accumulate(table[start:])
        largest[start, start:] = np.maximum.accumulate(table[start:])
    at = (x[0].astype(np.int64) + 128, x[1].astype(np.int64) + 128)
    return least[at], largest[at]


def _ratio(site: Site, product: bool) -> float:
    """How much larger the inputs' scale is than the output's; 1 where there are no scales."""
    scales = [t.scale for t in site.inputs if t is not None and t.quant is not None]
    if not scales or site.output.quant is None:
        return 1.0
    return (float(np.prod(scales)) if product else max(scales)) / site.output.scale
