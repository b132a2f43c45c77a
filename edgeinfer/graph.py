# SPDX-License-Identifier: Apache-2.0
"""The one graph type of edgeinfer: frozen dataclasses, from the reader to the image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import ModelError

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Quant:
    """Affine quantization: real = scale · (q − zero_point), one pair, or one for each channel."""

    scale: npt.NDArray[np.float32]  # [1] or [channels], > 0
    zero_point: npt.NDArray[np.int64]  # as many as scales
    axis: int = 0  # the channel dimension; meaningful when there are several scales

    @staticmethod
    def per_tensor(scale: float, zero_point: int) -> Quant:
        """One scale and zero point for the whole tensor."""
        return Quant(np.array([scale], np.float32), np.array([zero_point], np.int64))

    @property
    def per_channel(self) -> bool:
        """Whether channels have their own scales."""
        return self.scale.size > 1

    def equals(self, other: Quant | None) -> bool:
        """Whether both describe the same mapping, to the bit."""
        return (
            other is not None
            and np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero_point, other.zero_point)
            and (not self.per_channel or self.axis == other.axis)
        )


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph: an activation, or a constant when `data` is there."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    quant: Quant | None = None
    data: Array | None = None
    is_variable: bool = False
    packed: bool = False  # a constant of 4-bit numbers, two to a byte in a file (INT4)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.size * self.dtype.itemsize

    @property
    def scale(self) -> float:
        """The only scale, as the float32 value that the file holds. Raises ModelError if absent."""
        return float(self._quant().scale[0])

    @property
    def zero_point(self) -> int:
        """The only zero point. Raises ModelError if absent."""
        return int(self._quant().zero_point[0])

    def _quant(self) -> Quant:
        if self.quant is None:
            raise ModelError(
                f"Tensor '{self.name}' of type {self.dtype} has no scale and zero point.",
                "Convert the model with full integer quantization.",
            )
        return self.quant


@dataclass(frozen=True, eq=False)
class Node:
    """One operator call. Tensors are indices into Graph.tensors; −1 stands for an absent input."""

    op: str  # the schema's name, such as "CONV_2D"; for CUSTOM operators "CUSTOM:Name"
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)  # snake_case, as the schema names them
    options_type: str = ""  # the schema's table, such as "Conv2DOptions"
    custom: bytes = b""  # custom options, as in the file
    version: int = 1


@dataclass(frozen=True, eq=False)
class Graph:
    """A network: tensors, nodes in execution order, inputs, outputs."""

    tensors: tuple[Tensor, ...]
    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str = ""
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    signatures: tuple[Mapping[str, Any], ...] = ()
    subgraphs: tuple[Graph, ...] = ()  # those after the main one, as WHILE and IF call them
    description: str = ""

    def with_tensor(self, index: int, **changes: Any) -> Graph:
        """The graph with one tensor changed."""
        tensors = list(self.tensors)
        tensors[index] = replace(tensors[index], **changes)
        return replace(self, tensors=tuple(tensors))

    def producers(self) -> dict[int, int]:
        """Tensor index → index of the node that writes it."""
        return {t: i for i, node in enumerate(self.nodes) for t in node.outputs}

    def consumers(self) -> dict[int, list[int]]:
        """Tensor index → indices of the nodes that read it, in execution order."""
        readers: dict[int, list[int]] = {}
        for i, node in enumerate(self.nodes):
            for t in dict.fromkeys(node.inputs):
                if t >= 0:
                    readers.setdefault(t, []).append(i)
        return readers

    def activations(self) -> Iterator[int]:
        """Indices of the tensors that live in the arena, in the order of their making."""
        seen: set[int] = set()
        for t in (*self.inputs, *(t for node in self.nodes for t in node.outputs)):
            if t not in seen and self.tensors[t].data is None:
                seen.add(t)
                yield t

    def label(self, index: int) -> str:
        """A node's name for people: position, operator, and the name of its first output."""
        node = self.nodes[index]
        name = self.tensors[node.outputs[0]].name if node.outputs else ""
        return f"layer {index} ({node.op} '{name}')" if name else f"layer {index} ({node.op})"
