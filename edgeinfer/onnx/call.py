# SPDX-License-Identifier: Apache-2.0
"""One ONNX node with what is known of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Array
from edgeinfer.onnx.values import Maker, Value


@dataclass(frozen=True)
class Call:
    """One ONNX node, and the Graph under construction."""

    node: Any
    attributes: Mapping[str, Any]
    opset: int
    index: int
    make: Maker  # where nodes are added
    values: Mapping[str, Value]  # those known so far, by their names in ONNX
    constants: Mapping[str, Array]

    def has(self, position: int) -> bool:
        """Whether an optional input is there."""
        return position < len(self.node.input) and bool(self.node.input[position])

    def value(self, position: int = 0) -> Value:
        """An input; a constant becomes a tensor."""
        name = self.node.input[position]
        if name in self.constants:
            data = self.constants[name]
            return Value(self.make.const(data, name=name), data.shape)
        return self.values[name]

    def const(self, position: int) -> Array | None:
        """An input's data, or None if it is not constant."""
        return self.constants.get(self.node.input[position])

    def needed(self, position: int, what: str) -> Array:
        """An input's data. Raises UnsupportedError if it is computed at run time."""
        data = self.const(position) if self.has(position) else None
        if data is None:
            raise self.refused(f"{what} that is not a constant", "Export it with fixed shapes.")
        return data

    def ints(self, name: str, position: int, since: int) -> list[int] | None:
        """Whole numbers that are an attribute before an opset, and an input since it."""
        if self.opset < since or position >= len(self.node.input):
            found = self.attributes.get(name)
            return None if found is None else [int(n) for n in found]
        if not self.has(position):
            return None
        return [int(n) for n in self.needed(position, name).reshape(-1)]

    def refused(self, what: str, remedy: str = "") -> UnsupportedError:
        """The error for what has no counterpart here."""
        name = self.node.name or (self.node.output[0] if self.node.output else "")
        return UnsupportedError(
            f"ONNX node {self.index} ({self.node.op_type} '{name}'): {what} is not supported.",
            remedy or "Change this layer, or export the network without it.",
        )
