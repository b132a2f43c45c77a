# SPDX-License-Identifier: Apache-2.0
"""What only moves elements: shapes, order, parts, padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value

REFLECT = 0


def _reshaped(call: Call, x: Value, shape: Sequence[int]) -> Value:
    """The value in another shape of ONNX."""
    shape = tuple(int(n) for n in shape)
    if x.shape == shape:
        return x
    n, spatial = x.shape[0] if x.shape else 1, x.shape[2:]
    if x.last and len(shape) == 2 and shape[0] == n and min(x.shape[1], math.prod(spatial)) > 1:
        stored = call.make.shape(x.tensor)
        tensor = call.make.reshape(x.tensor, shape)
        return Value(tensor, shape, flat=stored, positive=x.positive)
    plain = call.make.plain(x)
    return Value(call.make.reshape(plain.tensor, shape), shape, positive=x.positive)


def reshape(call: Call) -> Value:
    """Reshape: 0 keeps a dimension, −1 takes what is left."""
    x = call.value()
    wanted = [int(n) for n in call.needed(1, "a shape").reshape(-1)]
    if not call.attributes.get("allowzero"):
        wanted = [x.shape[i] if n == 0 else n for i, n in enumerate(wanted)]
    if -1 in wanted:
        rest = math.prod(n for n in wanted if n != -1)
        wanted[wanted.index(-1)] = math.prod(x.shape) // max(rest, 1)
    return _reshaped(call, x, wanted)


def flatten(call: Call) -> Value:
    """Flatten."""
    x = call.value()
    axis = int(call.attributes.get("axis", 1))
    axis += len(x.shape) if axis < 0 else 0
    return _reshaped(call, x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


def squeeze(call: Call) -> Value:
    """Squeeze."""
    x, axes = call.value(), call.ints("axes", 1, 13)
    gone = {a % len(x.shape) for a in axes} if axes is not None else None
    kept = [n for i, n in enumerate(x.shape) if not (i in gone if gone is not None else n == 1)]
    return _reshaped(call, x, kept)


def unsqueeze(call: Call) -> Value:
    """Unsqueeze."""
    x, axes = call.value(), call.ints("axes", 1, 13) or []
    rank = len(x.shape) + len(axes)
    rest, new = iter(x.shape), {a % rank for a in axes}
    return _reshaped(call, x, [1 if i in new else next(rest) for i in range(rank)])


def transpose(call: Call) -> Value:
    """Transpose; one between channels first and last needs no node."""
    x = call.value()
    rank = len(x.shape)
    perm = [int(p) for p in call.attributes.get("perm") or range(rank)[::-1]]
    shape = tuple(x.shape[p] for p in perm)
    x = call.make.plain(x) if x.flat else x
    if x.last and rank == 3:
        n, c, w = x.shape
        if perm == [0, 2, 1]:
            return Value(call.make.reshape(x.tensor, (n, w, c)), shape, positive=x.positive)
        x = call.make.plain(x)
    if not x.last and perm == [0, 3, 1, 2]:
        return Value(x.tensor, shape, last=True, positive=x.positive)
    if not x.last and perm == [0, 2, 1]:
        n, w, c = x.shape
        return Value(call.make.reshape(x.tensor, (n, 1, w, c)), shape, True, positive=x.positive)
    order = [x.axis(p) for p in perm]
    tensor = x.tensor if order == sorted(order) else call.make.transpose(x.tensor, order)
    return Value(tensor, shape, positive=x.positive)


def concat(call: Call) -> Value:
    """Concat."""
    values = [call.value(i) for i in range(len(call.node.input))]
    last = any(v.last for v in values)
    values = [call.make.last(v) if last else call.make.plain(v) for v in values]
    axis = int(call.attributes["axis"]) % len(values[0].shape)
    tensor = call.make.emit(
        "CONCATENATION",
        *(v.tensor for v in values),
        axis=values[0].axis(axis),
        fused_activation_function=0,
    )
    shape = list(values[0].shape)
    shape[axis] = sum(v.shape[axis] for v in values)
    return Value(tensor, tuple(shape), last, positive=all(v.positive for v in values))


def slices(call: Call) -> Value:
    """Slice with positive steps."""
    x = call.value()
    starts, ends, axes = (call.ints(n, i, 10) for i, n in enumerate(("starts", "ends", "axes"), 1))
    steps = call.ints("steps", 4, 10) or [1] * len(starts or ())
    if starts is None or ends is None or min(steps) < 1:
        raise call.refused("a slice backwards")
    parts = {}
    for axis, *part in zip(axes or range(len(starts)), starts, ends, steps, strict=False):
        axis %= len(x.shape)
        parts[axis] = slice(*part).indices(x.shape[axis])
    return _part(call, x, parts)


def _part(call: Call, x: Value, parts: dict[int, tuple[int, int, int]]) -> Value:
    x = call.make.plain(x) if x.flat else x
    stored = x.stored(parts, None)
    whole = call.make.shape(x.tensor)
    table = [part or (0, n, 1) for part, n in zip(stored, whole, strict=True)]
    consts = (call.make.const(column, np.int32) for column in zip(*table, strict=True))
    masks = dict.fromkeys(
        ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0
    )
    tensor = call.make.emit("STRIDED_SLICE", x.tensor, *consts, **masks)
    shape = tuple(len(range(*parts[i])) if i in parts else n for i, n in enumerate(x.shape))
    return replace(x, tensor=tensor, shape=shape)


def split(call: Call) -> list[Value]:
    """Split, as slices."""
    x = call.value()
    axis = int(call.attributes.get("axis", 0)) % len(x.shape)
    count = len(call.node.output)
    sizes = call.ints("split", 1, 13)
    if sizes is None:
        size = -(-x.shape[axis] // count)
        sizes = [min(size, x.shape[axis] - i * size) for i in range(count)]
    found, at = [], 0
    for size, name in zip(sizes, call.node.output, strict=True):
        call.make.name = name
        found.append(_part(call, x, {axis: (at, at + size, 1)}))
        at += size
    return found


def pad(call: Call) -> Value:
    """Pad with a constant or by reflection."""
    x, mode = call.value(), call.attributes.get("mode", b"constant")
    pads = call.ints("pads", 1, 11) or []
    axes = call.ints("axes", 3, 18) or range(len(x.shape))
    fill = call.attributes.get("value", 0.0)
    if call.opset >= 11 and call.has(2):
        fill = float(call.needed(2, "a padding value").reshape(()))
    if min(pads, default=0) < 0 or mode not in (b"constant", b"reflect"):
        raise call.refused(f"padding by {pads} in the mode {mode.decode()}")
    x = call.make.plain(x) if x.flat else x
    half = len(pads) // 2
    triples = zip(axes, pads[:half], pads[half:], strict=True)
    named = {axis % len(x.shape): (before, behind) for axis, before, behind in triples}
    table = call.make.const(x.stored(named, (0, 0)), np.int32)
    if mode == b"reflect":
        tensor = call.make.emit("MIRROR_PAD", x.tensor, table, mode=REFLECT)
    elif fill:
        tensor = call.make.emit("PADV2", x.tensor, table, call.make.const([fill]))
    else:
        tensor = call.make.emit("PAD", x.tensor, table)
    shape = tuple(n + sum(named.get(i, (0, 0))) for i, n in enumerate(x.shape))
    return replace(x, tensor=tensor, shape=shape, positive=x.positive and fill >= 0)
