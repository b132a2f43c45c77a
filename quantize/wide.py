# SPDX-License-Identifier: Apache-2.0
"""16x8: which activations may be int16, and in which scale.

An int16 tensor has zero point 0 and a scale of 1/64 of what int8 would have: whatever int8 says it
says too, its steps are 64 times as fine, and it reaches at least twice as far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import QuantizeError, UnsupportedError
from edgeinfer.graph import Array, Graph, Node, Quant
from edgeinfer.inspection import short_name
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Site
from edgeinfer.ops.wide import Q15
from edgeinfer.quantize.params import INT8, to_integers, to_reals
from edgeinfer.quantize.real import NONE, Reals
from edgeinfer.quantize.settings import Settings

FINER = 64  # steps of int16 to one of int8
INT16 = (-(2**15), 2**15 - 1)
INNER = "_int16"  # ends the name of the int16 form of an int8 tensor
# The first version of each operator that takes int16 (TFLite, tools/versioning/op_version.cc). What
# is not here stays int8: TFLite's reference kernels, or ours, have no int16 for it.
VERSIONS = {
    "ADD": 3, "AVERAGE_POOL_2D": 3, "CONCATENATION": 3, "CONV_2D": 4, "DEPTHWISE_CONV_2D": 5,
    "FULLY_CONNECTED": 7, "LEAKY_RELU": 2, "LOGISTIC": 3, "MAX_POOL_2D": 3, "MEAN": 3, "MUL": 4,
    "PAD": 3, "RELU": 3, "RELU6": 3, "RESHAPE": 1, "SLICE": 4, "SOFTMAX": 3, "SPLIT": 4, "SUB": 5,
    "TANH": 3, "TRANSPOSE": 5, "TRANSPOSE_CONV": 3,
}  # fmt: skip
# Outputs of LOGISTIC and SOFTMAX, and of TANH, are what the specification says for either type.
_FIXED = (Quant.per_tensor(1 / 256, -128), Quant.per_tensor(1 / 128, 0))


@dataclass(frozen=True)
class Forms:
    """The types and scales of activations."""

    narrow: Mapping[int, Quant]  # as int8
    wide: Collection[int] = frozenset()  # those that are int16
    real: Reals = NONE  # what stays float32

    def quant(self, t: int) -> Quant:
        """The scale of a tensor as it is stored."""
        return widened(self.narrow[t]) if t in self.wide else self.narrow[t]

    def dtype(self, t: int) -> npt.DTypeLike:
        """The type of a tensor as it is stored."""
        if t in self.real.tensors:
            return np.float32
        return np.int16 if t in self.wide else np.int8

    def limits(self, t: int) -> tuple[int, int]:
        """The least and the largest integer of a tensor's type."""
        return INT16 if t in self.wide else INT8

    def reals(self, t: int) -> tuple[float, float]:
        """The least and the largest number that a tensor can say."""
        if t in self.real.tensors:
            return -np.inf, np.inf
        quant = self.quant(t)
        scale, zero = float(quant.scale[0]), int(quant.zero_point[0])
        low, high = self.limits(t)
        return (low - zero) * scale, (high - zero) * scale

    def stored(self, t: int, values: Array) -> Array:
        """Reals as a tensor stores them."""
        if t in self.real.tensors:
            return values
        return to_integers(values, self.quant(t), self.dtype(t), self.limits(t))

    def meant(self, t: int, values: Array) -> Array:
        """The reals that a tensor stores so."""
        return values if t in self.real.tensors else to_reals(values, self.quant(t))

    def is_real(self, node: Node) -> bool:
        """Whether a node computes in float32."""
        return node.outputs[0] in self.real.layers

    def is_wide(self, node: Node) -> bool:
        """Whether a node computes in int16: it does if one of its tensors is int16."""
        return not self.is_real(node) and any(t in self.wide for t in (*node.inputs, *node.outputs))


def widened(quant: Quant) -> Quant:
    """The int16 scale of a tensor that has this one as int8."""
    if any(quant.equals(fixed) for fixed in _FIXED):
        return Q15
    return Quant(quant.scale / np.float32(FINER), np.zeros_like(quant.zero_point), quant.axis)


def able(graph: Graph, io: str, real: Reals = NONE) -> frozenset[int]:
    """The float activations that may be int16: all nodes that make or read them can be, or stay
    float32.

    Inputs and outputs are of the type `io`, and only where that is float32 may layers see int16
    of them.  Raises UnsupportedError if `io` is int16 where that cannot be."""
    found = {t for t in graph.activations() if graph.tensors[t].dtype == np.float32}
    found -= {*real.tensors}
    for index, node in enumerate(graph.nodes):
        if node.op not in VERSIONS and node.outputs[0] not in real.layers:
            stuck = {*node.inputs, *node.outputs} & {*graph.inputs, *graph.outputs}
            if io == "int16" and stuck:
                raise UnsupportedError(
                    f"{graph.label(index)} has no int16, and reads an input or makes an output.",
                    "Use --io int8 or --io float32.",
                )
            found -= {*node.inputs, *node.outputs}
    return frozenset(found - {*graph.inputs, *graph.outputs} if io == "int8" else found)


def given(graph: Graph, settings: Settings, real: Reals = NONE) -> frozenset[int]:
    """The activations that the settings want int16, before any search for more."""
    if settings.activations == "int16":
        return able(graph, settings.io, real)
    return named(graph, settings.wide, settings.io, real)


def named(graph: Graph, names: Sequence[str], io: str, real: Reals = NONE) -> frozenset[int]:
    """The activations of these names. Raises QuantizeError for one that cannot be int16."""
    fitting = able(graph, io, real)
    found = {t: graph.tensors[t].name for t in graph.activations()}
    for name in names:
        if name not in found.values():
            raise QuantizeError(
                f"There is no activation '{name}' to be int16.", "Use the names of a recipe."
            )
    wanted = frozenset(t for t, name in found.items() if name in names)
    for t in wanted - fitting:
        raise QuantizeError(
            f"Activation '{found[t]}' cannot be int16: it is an input or output, or a layer that "
            "makes or reads it has no int16.",
            "Leave it out.",
        )
    return wanted


def narrow_layers(graph: Graph, real: Reals = NONE) -> list[str]:
    """A warning if there are layers that cannot be int16."""
    own = real.index(graph)
    found = sorted(
        {node.op for i, node in enumerate(graph.nodes) if i not in own and node.op not in VERSIONS}
    )
    if not found:
        return []
    return [f"{', '.join(found)} have no int16 in TFLite or here, and stay int8."]


def macs(graph: Graph) -> list[int]:
    """The work of each node: its multiply-accumulates, or the numbers that it makes."""
    found = []
    for index in range(len(graph.nodes)):
        site = Site.of(graph, index)
        found.append(op_for(site).macs(site) or sum(t.size for t in site.outputs))
    return found


def wide_layers(graph: Graph) -> list[str]:
    """The names of an integer graph's layers that compute in int16, from one type to another not
    counted."""
    return [
        short_name(graph.tensors[node.outputs[0]].name.removesuffix(INNER))
        for node in graph.nodes
        if graph.tensors[node.outputs[0]].dtype == np.int16 and node.op != "QUANTIZE"
    ]
