# SPDX-License-Identifier: Apache-2.0
"""The values of an ONNX graph as tensors of a Graph, and in which order their elements lie there.

ONNX has channels first, a Graph has them last. A value between layers that look at neighbours is
stored channels last and no node is needed for it; where another operator needs ONNX's order, a
TRANSPOSE gives it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgeinfer.graph import Array, Node, Tensor
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.tflite.options import options_type

# In a model's metadata: an input that now has its channels last had them first.
CHANNELS_FIRST = "edgeinfer.channels_first"
# Of [n, c, w] and [n, c, h, w]: where each dimension is stored in [n, 1, w, c] and [n, h, w, c].
_STORED = {3: (0, 3, 2), 4: (0, 3, 1, 2)}


@dataclass(frozen=True)
class Value:
    """A tensor of the Graph that holds an ONNX value."""

    tensor: int
    shape: tuple[int, ...]  # as ONNX has it
    last: bool = False  # stored channels last; a value of three dimensions as [n, 1, w, c]
    flat: tuple[int, ...] = ()  # [n, k], flattened from this shape stored channels last
    positive: bool = False  # never below zero

    def axis(self, axis: int) -> int:
        """Where a dimension of ONNX is stored."""
        axis %= len(self.shape)
        return _STORED[len(self.shape)][axis] if self.last else axis

    def stored(self, axes: dict[int, Any], absent: Any) -> list[Any]:
        """Something for each dimension of ONNX → for each of the tensor; others get `absent`."""
        count = 4 if self.last else len(self.shape)
        found = [absent] * count
        for axis, what in axes.items():
            found[self.axis(axis)] = what
        return found


class Maker:
    """A Graph under construction."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.nodes: list[Node] = []
        self.name = ""  # of the value that is being made
        self._names: set[str] = set()

    def add(self, tensor: Tensor) -> int:
        """The index of a new tensor, whose name becomes its own if it is not."""
        name, count = tensor.name, 1
        while name in self._names:
            name, count = f"{tensor.name}_{count}", count + 1
        self._names.add(name)
        self.tensors.append(replace(tensor, name=name))
        return len(self.tensors) - 1

    def const(self, data: Any, dtype: Any = np.float32, name: str = "") -> int:
        """A constant."""
        array: Array = np.ascontiguousarray(data, dtype)
        array = array.reshape(np.shape(data))
        return self.add(Tensor(name or f"{self.name}/const", array.shape, array.dtype, data=array))

    def emit(self, op: str, *inputs: int, **options: Any) -> int:
        """The output of a new node; its shape is by the operator's own rule."""
        shape = tuple(options.get("new_shape", ()))
        out = self.add(Tensor(self.name, shape, np.dtype(np.float32)))
        if op in ("ADD", "SUB", "MUL", "DIV", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            options = {"fused_activation_function": 0, **options}
        node = Node(op, inputs, (out,), options, options_type(op))
        self.nodes.append(node)
        site = Site.made(self.tensors, node, f"{op} '{self.tensors[out].name}'")
        self.tensors[out] = replace(self.tensors[out], shape=OPS[op].shapes(site)[0])
        return out

    def shape(self, tensor: int) -> tuple[int, ...]:
        """A tensor's shape."""
        return self.tensors[tensor].shape

    def reshape(self, tensor: int, shape: Sequence[int]) -> int:
        """A tensor in another shape; no node if it has that."""
        if self.shape(tensor) == tuple(shape):
            return tensor
        wanted = [int(n) for n in shape]
        return self.emit("RESHAPE", tensor, self.const(wanted, np.int32), new_shape=wanted)

    def transpose(self, tensor: int, perm: Sequence[int]) -> int:
        """A tensor with its dimensions in another order; no TRANSPOSE if no two elements move."""
        shape = self.shape(tensor)
        moving = [axis for axis in perm if shape[axis] > 1]
        if moving == sorted(moving):
            return self.reshape(tensor, [shape[axis] for axis in perm])
        return self.emit("TRANSPOSE", tensor, self.const(list(perm), np.int32))

    def plain(self, value: Value) -> Value:
        """The value in ONNX's order."""
        if value.flat:
            inner = self.reshape(value.tensor, value.flat)
            back = [0, len(value.flat) - 1, *range(1, len(value.flat) - 1)]
            tensor = self.reshape(self.transpose(inner, back), value.shape)
            return replace(value, tensor=tensor, flat=())
        if not value.last:
            return value
        turned = self.transpose(value.tensor, (0, 3, 1, 2))
        return replace(value, tensor=self.reshape(turned, value.shape), last=False)

    def last(self, value: Value) -> Value:
        """A value of three or four dimensions stored channels last."""
        value = value if value.last else self.plain(value)
        if value.last:
            return value
        n, c, *spatial = value.shape
        four = self.reshape(value.tensor, (n, c, *([1] if len(spatial) == 1 else []), *spatial))
        return replace(value, tensor=self.transpose(four, (0, 2, 3, 1)), last=True)

    def constant_like(self, data: Array, rank: int, last: bool) -> int:
        """A constant that is to be broadcast with a value of this rank."""
        if data.size == 1:
            return self.const(data.reshape(1))
        full = data.reshape((1,) * (rank - data.ndim) + data.shape)
        if last:
            full = np.moveaxis(full, 1, -1)
        while full.ndim > 1 and full.shape[0] == 1:
            full = full[0]
        return self.const(full)


def flat_order(shape: Sequence[int]) -> Array:
    """Of a value flattened from this shape, stored channels last: ONNX's index of each element."""
    channels, spatial = shape[-1], tuple(shape[1:-1])
    count = channels * math.prod(spatial)
    return np.moveaxis(np.arange(count).reshape(channels, *spatial), 0, -1).reshape(-1)
