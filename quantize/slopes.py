# SPDX-License-Identifier: Apache-2.0
"""One operator's gradients: of its inputs, from the gradient of its output.

A rule gets (site, input values, output value, gradient of the output [p·n, …]) and gives the
gradient of each input, or None for a constant. Values are [n, …]; p gradients are taken at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops import op_for
from edgeinfer.ops.activation import real_range
from edgeinfer.ops.base import Site
from edgeinfer.ops.convolution import Convolution
from edgeinfer.ops.pool import Pool
from edgeinfer.ops.transpose_conv import TransposeConv


def opened(site: Site, out: Array, grad: Array) -> Array:
    """The gradient before a fused activation: zero where the output sits at the clip."""
    low, high = real_range(site)
    if not np.isfinite((low, high)).any():
        return grad
    return _masked(grad, (out > low) & (out < high))


def _masked(grad: Array, mask: Array) -> Array:
    probes = len(grad) // len(mask)
    return np.asarray((grad.reshape(probes, *mask.shape) * mask).reshape(grad.shape))


def _spread(
    site: Site, grad: Array, x: Array, per_tap: Callable[[int, int, Array], Array]
) -> Array:
    """Gradient [m, h, w, c] of a window's input: each tap adds per_tap(ky, kx, grad)."""
    op = op_for(site)
    assert isinstance(op, Convolution | Pool)
    w = op.window(site)
    height, width = x.shape[1:3]
    need = [
        max((w.out[d] - 1) * w.stride[d] + (w.kernel[d] - 1) * w.dilation[d] + 1,
            (height, width)[d] + w.pad[d])
        for d in range(2)
    ]  # fmt: skip
    full = np.zeros((len(grad), *need, x.shape[3]), np.float32)
    for ky in range(w.kernel[0]):
        for kx in range(w.kernel[1]):
            top, left = ky * w.dilation[0], kx * w.dilation[1]
            full[
                :,
                top : top + (w.out[0] - 1) * w.stride[0] + 1 : w.stride[0],
                left : left + (w.out[1] - 1) * w.stride[1] + 1 : w.stride[1],
            ] += per_tap(ky, kx, grad)
    return full[:, w.pad[0] : w.pad[0] + height, w.pad[1] : w.pad[1] + width]


def conv(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    x, w = v[0], v[1]
    assert x is not None and w is not None
    grad = opened(site, out, grad)
    return [_spread(site, grad, x, lambda ky, kx, g: g @ w[:, ky, kx])]


def transposed(
    site: Site, v: Sequence[Array | None], out: Array, grad: Array
) -> list[Array | None]:
    x, w, op = v[0], v[1], op_for(site)
    assert x is not None and w is not None and isinstance(op, TransposeConv)
    down, across = op.window(site).apart
    _, height, width, c = x.shape
    between = np.empty((1, (height - 1) * down + 1, (width - 1) * across + 1, c), np.bool_)
    grad = opened(site, out, grad)
    # Taps run backward.
    whole = _spread(site, grad, between, lambda ky, kx, g: g @ w[:, -1 - ky, -1 - kx])
    return [whole[:, ::down, ::across]]


def products(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    a, b = v[0], v[1]
    assert a is not None and b is not None
    turned = [bool(site.option(name)) for name in ("adj_x", "adj_y")]
    left, right = (
        x if flip else np.swapaxes(x, -1, -2) for x, flip in zip((a, b), turned, strict=True)
    )
    whole = grad.reshape(-1, *out.shape)
    parts = (whole @ right, left @ whole)
    found = list[Array | None]()
    for part, x, flip, tensor in zip(parts, (a, b), turned, site.inputs, strict=False):
        part = np.swapaxes(part, -1, -2) if flip else part
        constant = tensor is None or tensor.data is not None
        found.append(None if constant else _unbroadcast(part.reshape(-1, *part.shape[2:]), x))
    return found


def depthwise(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    x, w = v[0], v[1]
    assert x is not None and w is not None
    grad, c = opened(site, out, grad), x.shape[3]

    def tap(ky: int, kx: int, g: Array) -> Array:
        return np.asarray((g * w[0, ky, kx]).reshape(*g.shape[:3], c, -1).sum(-1))

    return [_spread(site, grad, x, tap)]


def dense(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    x, w = v[0], v[1]
    assert x is not None and w is not None
    grad = opened(site, out, grad).reshape(-1, len(w))
    return [(grad @ w).reshape(-1, *x.shape[1:])]


def add(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    grad = opened(site, out, grad)
    return [_unbroadcast(grad, x) for x in v[:2]]


def mul(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    grad = opened(site, out, grad)
    whole = grad.reshape(-1, *out.shape)
    return [
        _unbroadcast((whole * other).reshape(grad.shape), x) if other is not None else None
        for x, other in ((v[0], v[1]), (v[1], v[0]))
    ]


def _unbroadcast(grad: Array, x: Array | None) -> Array | None:
    if x is None or x.ndim != grad.ndim:
        return None  # a constant of fewer dimensions
    axes = tuple(d for d in range(1, x.ndim) if x.shape[d] == 1 and grad.shape[d] > 1)
    return np.asarray(grad.sum(axes, keepdims=True)) if axes else grad


def average(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    x = v[0]
    assert x is not None
    taps = Pool.window(site).taps_inside(*x.shape[1:3])
    grad = opened(site, out, grad) / taps.astype(np.float32)
    return [_spread(site, grad, x, lambda ky, kx, g: g)]


def largest(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    x = v[0]
    assert x is not None
    grad = opened(site, out, grad)
    patches = Pool.window(site).patches(x, -np.inf)

    def tap(ky: int, kx: int, g: Array) -> Array:
        return _masked(g, patches[:, :, :, ky, kx] == out)

    return [_spread(site, grad, x, tap)]


def moved(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    """Of an operator that only moves values: where each came from, its gradient goes."""
    x = v[0]
    assert x is not None
    places = np.arange(x[0].size, dtype=np.float64).reshape(1, *x.shape[1:])
    source = op_for(site).run(site, [places, *v[1:]])[0].reshape(-1).astype(np.int64)
    result = np.zeros((len(grad), x[0].size), np.float32)
    for row, part in zip(result, grad.reshape(len(grad), -1), strict=True):
        np.add.at(row, source, part)
    return [result.reshape(-1, *x.shape[1:])]


def gather(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    """The indices have none; nor has a table of constants."""
    table = site.optional(0)
    return [None] if table is None or table.data is not None else moved(site, v, out, grad)


def unit(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    """Of a vector over its length: what is along the vector goes."""
    x = v[0]
    assert x is not None
    length = np.maximum(np.sqrt((x * x).sum(-1, keepdims=True)), x.dtype.type(1e-6))
    whole = grad.reshape(-1, *out.shape)
    along = (whole * out).sum(-1, keepdims=True)
    return [((whole - out * along) / length).reshape(grad.shape)]


def pointwise(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    """Of a function of the values at one place: its difference quotient for each input."""
    op, found = op_for(site), list[Array | None]()
    grad = opened(site, out, grad)
    for position, (x, tensor) in enumerate(zip(v, site.inputs, strict=True)):
        if x is None or tensor is None or tensor.data is not None:
            found.append(None)
            continue
        step = np.maximum(np.abs(x) * x.dtype.type(1e-3), x.dtype.type(1e-3))
        ends = [op.float_(_open(site), [*v[:position], x + s, *v[position + 1 :]])
                for s in (step, -step)]  # fmt: skip
        slope = (ends[0] - ends[1]) / (2 * step)
        found.append(_unbroadcast(_masked(grad, np.broadcast_to(slope, out.shape)), x))
    return found


def _open(site: Site) -> Site:
    """A site without its fused activation."""
    options = {**site.node.options, "fused_activation_function": 0}
    return replace(site, node=replace(site.node, options=options))


def bilinear(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    """What rows and columns of the input give to those of the output, the other way round."""
    x, op = v[0], op_for(site)
    assert x is not None
    height, width = x.shape[1:3]
    rows = np.tile(np.eye(height, dtype=np.float32)[:, :, None, None], (1, 1, width, 1))
    columns = np.tile(np.eye(width, dtype=np.float32)[:, None, :, None], (1, height, 1, 1))
    down = op.float_(site, [rows, *v[1:]])[:, :, 0, 0]
    along = op.float_(site, [columns, *v[1:]])[:, 0, :, 0]
    return [np.einsum("hy,myxc,wx->mhwc", down, grad, along, optimize=True)]


def sum(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    x = v[0]
    assert x is not None
    axes = {int(a) % x.ndim for a in site.const(1).reshape(-1)}
    kept = [1 if d in axes else n for d, n in enumerate(x.shape)]
    grown = grad.reshape(-1, *kept[1:])
    return [np.broadcast_to(grown, (len(grown), *x.shape[1:]))]


def mean(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    x = v[0]
    assert x is not None
    share = x[0].size / out[0].size
    return sum(site, v, out, grad / np.float32(share))


def reshape(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    assert v[0] is not None
    return [grad.reshape(-1, *v[0].shape[1:])]


def pad(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    x = v[0]
    assert x is not None
    ends = zip(site.const(1)[1:], x.shape[1:], strict=True)
    return [grad[(slice(None), *(slice(int(a), int(a) + n) for (a, _), n in ends))]]


def concat(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    axis = int(site.option("axis")) % out.ndim
    ends = np.cumsum([x.shape[axis] for x in v if x is not None])[:-1]
    return list(np.split(grad, ends, axis))


def stack(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    return list(np.moveaxis(grad, int(site.option("axis")) % out.ndim, 0))


def softmax(site: Site, v: Sequence[Array | None], out: Array, grad: Array) -> list[Array | None]:
    whole = grad.reshape(-1, *out.shape)
    beta = np.float32(site.option("beta", 1.0))
    inner = (whole * out).sum(-1, keepdims=True)
    return [(beta * out * (whole - inner)).reshape(grad.shape)]
