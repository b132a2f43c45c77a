# SPDX-License-Identifier: Apache-2.0
"""How channels (a tensor's last dimension) pass through operators.

An operator that is not here is opaque: all its channels stay."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgeinfer.graph import Array, Tensor
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Op, Site
from edgeinfer.ops.binary import Binary
from edgeinfer.ops.conv_2d import Conv2D
from edgeinfer.ops.depthwise_conv_2d import DepthwiseConv2D
from edgeinfer.ops.fully_connected import FullyConnected
from edgeinfer.ops.pool import Pool
from edgeinfer.ops.table import Table


@dataclass(frozen=True, eq=False)
class Link:
    """Channel `channel[i]` of an input and channel `result[i]` of the output live or die as one."""

    tensor: int  # the input
    channel: Array
    result: Array


@dataclass(frozen=True)
class Cut:
    """A constant whose `axis` runs over a tensor's channels, once or several times."""

    position: int  # of the constant among the node's inputs
    axis: int
    tensor: int


@dataclass(frozen=True, eq=False)
class Flow:
    """The channels of one node."""

    links: tuple[Link, ...] = ()
    cuts: tuple[Cut, ...] = ()
    reads: Array | None = None  # bool [output channels, channels of input 0]: weights not all zero
    whole: tuple[int, ...] = ()  # input tensors of which every channel is needed


def width(tensor: Tensor) -> int:
    """How many channels a tensor has."""
    return tensor.shape[-1] if tensor.shape else 1


def flow(op: Op | None, site: Site) -> Flow | None:
    """The flow through a node; None if it is opaque."""
    if len(site.outputs) != 1 or any(t is None for t in site.inputs[:2]):
        return None
    if isinstance(op, (Conv2D, DepthwiseConv2D, FullyConnected)):
        return _weighted(op, site)
    if isinstance(op, Binary):
        return _binary(site)
    if isinstance(op, (Table, Pool)):
        return Flow((_same(site),))
    if op is None:
        return None
    rule = {
        "CONCATENATION": _concatenation,
        "MEAN": _mean,
        "PAD": _pad,
        "RESHAPE": _reshape,
        "STRIDED_SLICE": _view,
        "TRANSPOSE": _view,
    }.get(op.name)
    return rule(site) if rule is not None else None


def _same(site: Site, position: int = 0) -> Link:
    channels = np.arange(width(site.output))
    return Link(site.node.inputs[position], channels, channels)


def _weighted(op: Op, site: Site) -> Flow | None:
    node, x, w = site.node, site.input(0), site.input(1)
    bias, quant = site.optional(2), site.input(1).quant
    axis = 3 if isinstance(op, DepthwiseConv2D) else 0
    outputs = width(site.output)
    fixed = w.data is not None and (bias is None or bias.data is not None)
    if not fixed or w.data is None or w.shape[axis] != outputs or len(set(node.inputs[:3])) < 2:
        return None
    if bias is not None and bias.shape != (outputs,):
        return None
    if not width(x) or (isinstance(op, DepthwiseConv2D) and outputs % width(x)):
        return None  # no layer at all, as those that check shapes will say
    if quant is not None and quant.zero_point.any():
        return None  # weights of 0 are none then
    if (
        quant is not None
        and quant.per_channel
        and (quant.axis, quant.scale.size) != (axis, outputs)
    ):
        return None
    result, source = node.outputs[0], node.inputs[0]
    cuts = [Cut(1, axis, result)] + ([Cut(2, 0, result)] if bias is not None else [])
    if isinstance(op, DepthwiseConv2D):
        channels = np.arange(outputs)
        return Flow((Link(source, channels // (outputs // width(x)), channels),), tuple(cuts))
    inner = w.shape[-1]
    if inner % width(x):
        return None
    # FULLY_CONNECTED may read several positions of a map at once: its features repeat the channels.
    taps = w.data.reshape(outputs, -1, width(x)) if x.shape else w.data.reshape(outputs, -1, 1)
    return Flow((), (*cuts, Cut(1, len(w.shape) - 1, source)), np.any(taps != 0, axis=1))


def _binary(site: Site) -> Flow:
    channels, links, cuts, whole = width(site.output), [], [], []
    for position in (0, 1):
        tensor, index = site.input(position), site.node.inputs[position]
        if width(tensor) != channels:
            whole.append(index)
        elif tensor.data is None:
            links.append(_same(site, position))
        elif channels > 1:
            cuts.append(Cut(position, len(tensor.shape) - 1, site.node.outputs[0]))
    return Flow(tuple(links), tuple(cuts), None, tuple(whole))


def _concatenation(site: Site) -> Flow | None:
    rank = len(site.output.shape)
    if any(t is None or t.data is not None for t in site.inputs):
        return None
    last, start, links = int(site.option("axis")) % rank == rank - 1, 0, []
    for position, tensor in enumerate(site.inputs):
        assert tensor is not None
        channels = np.arange(width(tensor))
        links.append(Link(site.node.inputs[position], channels, channels + start))
        start += width(tensor) if last else 0
    return Flow(tuple(links))


def _mean(site: Site) -> Flow | None:
    rank = len(site.input(0).shape)
    axes = {int(a) % rank for a in site.const(1).reshape(-1)}
    return Flow((_same(site),)) if rank and rank - 1 not in axes else None


def _pad(site: Site) -> Flow | None:
    return Flow((_same(site),)) if not site.const(1)[-1].any() else None


def _reshape(site: Site) -> Flow | None:
    x, y = site.input(0), site.output
    if not x.shape or not y.shape:
        return None
    flat = np.arange(min(x.size, math.lcm(width(x), width(y))))
    return Flow((Link(site.node.inputs[0], flat % width(x), flat % width(y)),))


def _view(site: Site) -> Flow | None:
    """Whatever is done to the other dimensions, channels must keep their places."""
    x = site.input(0)
    if not x.shape or width(x) != width(site.output):
        return None
    (channels,) = OPS[site.node.op].run(site, [np.broadcast_to(np.arange(width(x)), x.shape)])
    return Flow((_same(site),)) if np.all(channels == np.arange(width(x))) else None
