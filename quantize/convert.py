# SPDX-License-Identifier: Apache-2.0
"""Float graph + scales → graph of int8, and of int16 where so chosen, one node after the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgeinfer.graph import Array, Graph, Node, Quant, Tensor
from edgeinfer.ops import op_for
from edgeinfer.ops.base import QuantRule, Site
from edgeinfer.quantize import wide as wides
from edgeinfer.quantize.assign import rule_of
from edgeinfer.quantize.params import INT8, NARROW, NARROW4, bias_quant, to_integers, weight_quant
from edgeinfer.quantize.real import INNER, NONE, Reals
from edgeinfer.quantize.wide import Forms, widened

INT32, INT64 = (-(2**31), 2**31 - 1), (-(2**62), 2**62)
# The first version of each operator that takes int8 (TFLite, tools/versioning/op_version.cc); that
# of the float file for the others, or where it is later. REVERSE_V2 and TILE are not here: TFLite
# 2.14 runs their int8 by version 1 and knows no version 3.
VERSIONS = {
    "ABS": 2, "ADD": 2, "AVERAGE_POOL_2D": 2, "BATCH_MATMUL": 2, "BATCH_TO_SPACE_ND": 2,
    "BROADCAST_TO": 3, "CONCATENATION": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3,
    "DEPTH_TO_SPACE": 2, "DEQUANTIZE": 2, "EXP": 2, "FILL": 3, "FULLY_CONNECTED": 4, "GATHER": 2,
    "GELU": 2, "L2_NORMALIZATION": 2, "LOGISTIC": 2, "MAXIMUM": 2, "MAX_POOL_2D": 2, "MEAN": 2,
    "MINIMUM": 2, "MIRROR_PAD": 2, "MUL": 2, "PACK": 2, "PAD": 2, "PADV2": 2, "REDUCE_MAX": 2,
    "REDUCE_MIN": 2, "RELU": 2, "RELU6": 2, "RESIZE_BILINEAR": 2, "RESIZE_NEAREST_NEIGHBOR": 2,
    "RSQRT": 2, "SLICE": 2, "SOFTMAX": 2, "SPACE_TO_BATCH_ND": 2, "SPACE_TO_DEPTH": 2, "SPLIT": 2,
    "SPLIT_V": 2, "SQUARED_DIFFERENCE": 2, "STRIDED_SLICE": 2, "SUB": 2, "SUM": 2, "TANH": 2,
    "TRANSPOSE": 2, "TRANSPOSE_CONV": 3, "UNPACK": 2,
}  # fmt: skip
# Statements about the float file that would be false for the new one.
_STALE_METADATA = ("min_runtime_version", "CONVERSION_METADATA")


@dataclass(frozen=True)
class Fitted:
    """Integer weights that a stage has chosen."""

    data: Array  # int8, of the weights' shape
    quant: Quant


def convert(
    graph: Graph,
    quants: Mapping[int, Quant],
    *,
    per_channel: bool = True,
    io: str = "int8",
    fitted: Mapping[int, Fitted] | None = None,
    wide: Collection[int] = frozenset(),
    narrow: Collection[int] = frozenset(),
    real: Reals = NONE,
) -> tuple[Graph, list[str]]:
    """The int8 graph with these scales, and warnings about dead channels.

    `quants` is for activations and constants used as such; weights and bias follow from them,
    except for the weight tensors in `fitted`. The activations in `wide` are int16, and so is what
    the layers compute that make or read one; the weight tensors in `narrow` have 4 bits; the layers
    and activations in `real` stay float32. Tensors keep their names and places; where a constant
    serves two layers differently, where a layer needs another scale or type than its input has, and
    for float I/O (`io` is "float32"), tensors are added at the end."""
    build = _Builder(graph, Forms(quants, wide, real), per_channel, fitted or {}, narrow)
    if io == "float32":
        for t in dict.fromkeys((*graph.inputs, *graph.outputs)):
            if t in real.tensors:
                continue
            build.inner[t] = build.add(stored := build.stored(t), f"_{stored.dtype}")
            if t in graph.inputs:
                build.quantize(t, build.inner[t])
                build.reals[t] = t
    for t in graph.activations():
        if t not in build.inner and t not in real.tensors:
            build.tensors[t] = build.stored(t)
    for index in range(len(graph.nodes)):
        build.layer(index)
    if io == "float32":
        for t in dict.fromkeys(graph.outputs):
            if t not in real.tensors and t not in build.reals:
                build.dequantize(build.inner[t], t)
    nodes = (
        node
        if i in build.floats
        else replace(node, version=max(node.version, VERSIONS.get(node.op, 1)))
        for i, node in enumerate(build.nodes)
    )
    metadata = {k: v for k, v in graph.metadata.items() if k not in _STALE_METADATA}
    result = replace(graph, tensors=tuple(build.tensors), nodes=tuple(nodes), metadata=metadata)
    return result, build.dead_channels()


def scales_axis(site: Site, per_channel: bool, narrow: bool) -> int | None:
    """The dimension of a layer's weights with scales of its own; None: one scale.

    TFLite's FULLY_CONNECTED takes INT4 with one scale only."""
    one = not per_channel or (narrow and site.node.op == "FULLY_CONNECTED")
    return None if one else op_for(site).channel_axis_of(site)


class _Builder:
    """The int8 graph while it grows."""

    def __init__(
        self,
        graph: Graph,
        forms: Forms,
        per_channel: bool,
        fitted: Mapping[int, Fitted],
        narrow: Collection[int],
    ) -> None:
        self.graph = graph
        self.fitted, self.narrow = fitted, narrow
        self.forms, self.quants = forms, forms.narrow
        self.per_channel = per_channel
        self.tensors: list[Tensor] = list(graph.tensors)
        self.nodes: list[Node] = []
        self.dead: dict[str, int] = {}  # layer's label → channels whose weights are all but zero
        self.inner: dict[int, int] = {}  # float I/O tensor → the integer tensor that layers see
        self.reals: dict[int, int] = {}  # integer activation → itself as float32
        self.floats: set[int] = set()  # positions among the nodes of those that stay float32
        self._widened: dict[int, int] = {}  # int8 activation → itself as int16
        self._uses: dict[int, list[int]] = {}  # float constant → its int8 or int32 forms

    def stored(self, t: int) -> Tensor:
        """An activation as integers."""
        kind = np.dtype(self.forms.dtype(t))
        return replace(self.graph.tensors[t], dtype=kind, quant=self.forms.quant(t))

    def add(self, tensor: Tensor, suffix: str) -> int:
        """The index of a new tensor, named after another."""
        self.tensors.append(replace(tensor, name=tensor.name + suffix))
        return len(self.tensors) - 1

    def quantize(self, source: int, target: int) -> None:
        """Append the node that brings one tensor to another's type and scale."""
        version = 2 if self.tensors[target].dtype == np.int16 else 1
        node = Node("QUANTIZE", (source,), (target,), {}, "QuantizeOptions", version=version)
        self.nodes.append(node)

    def dequantize(self, source: int, target: int) -> None:
        """Append the node that makes reals of a tensor's integers."""
        version = 3 if self.tensors[source].dtype == np.int16 else 2
        self.nodes.append(Node("DEQUANTIZE", (source,), (target,), version=version))

    def layer(self, index: int) -> None:
        """Append one node of the float graph, quantized."""
        node, site = self.graph.nodes[index], Site.of(self.graph, index)
        if self.forms.is_real(node):
            self._real(node)
            return
        rule, is_wide = rule_of(self.graph, index), self.forms.is_wide(node)
        inputs = [self._operand(t, node, rule, is_wide) for t in node.inputs]
        if rule.weights is not None:
            weights, quant = self._weights(site, rule)
            scale = self.tensors[inputs[0]].scale
            inputs[rule.weights] = self._constant(node.inputs[rule.weights], weights, quant)
            if rule.bias is not None and site.optional(rule.bias) is not None:
                own = bias_quant(quant, scale)
                kind, limits = (np.int64, INT64) if is_wide else (np.int32, INT32)
                bias = to_integers(site.const(rule.bias), own, kind, limits)
                inputs[rule.bias] = self._constant(node.inputs[rule.bias], bias, own)
        outputs = [self.inner.get(t, t) for t in node.outputs]
        if not is_wide:
            self.nodes.append(replace(node, inputs=tuple(inputs), outputs=tuple(outputs)))
            return
        made = [
            out if t in self.forms.wide else self._wider(t)
            for t, out in zip(node.outputs, outputs, strict=True)
        ]
        options = {k: v for k, v in node.options.items() if k != "pot_scale_int16"}
        if node.op in ("ADD", "SUB"):
            options["pot_scale_int16"] = False  # scales are any, not powers of two
        version = max(node.version, wides.VERSIONS[node.op])
        wide = replace(node, options=options, version=version)
        self.nodes.append(replace(wide, inputs=tuple(inputs), outputs=tuple(made)))
        for source, target in zip(made, outputs, strict=True):
            if source != target:
                self.quantize(source, target)

    def _real(self, node: Node) -> None:
        """Append a node that stays float32, and what makes integers of its outputs."""
        inputs = [self._as_real(t) for t in node.inputs]
        made = [
            t if self.tensors[t].dtype == np.float32 else self.add(self.graph.tensors[t], INNER)
            for t in node.outputs
        ]
        self.floats.add(len(self.nodes))
        self.nodes.append(replace(node, inputs=tuple(inputs), outputs=tuple(made)))
        for t, own in zip(node.outputs, made, strict=True):
            if t in self.forms.real.tensors:
                continue
            self.reals[t] = own
            self.quantize(own, self.inner.get(t, t))

    def _as_real(self, t: int) -> int:
        """An input of a node that stays float32."""
        if t < 0 or t in self.forms.real.tensors:
            return t
        tensor = self.graph.tensors[t]
        if tensor.data is not None:
            return self._constant(t, tensor.data, tensor.quant)
        if t not in self.quants:
            return t
        if t not in self.reals:
            # A float output of the model is there already.
            own = self.tensors[t].dtype == np.float32
            self.reals[t] = t if own else self.add(tensor, INNER)
            self.dequantize(self.inner.get(t, t), self.reals[t])
        return self.reals[t]

    def dead_channels(self) -> list[str]:
        """A warning if there are dead channels."""
        if not self.dead:
            return []
        where = next(iter(self.dead))
        return [
            f"{sum(self.dead.values())} output channels in {len(self.dead)} layers have weights of "
            f"zero (first in {where}): they cost memory and time and add nothing."
        ]

    def _weights(self, site: Site, rule: QuantRule) -> tuple[Array, Quant]:
        """A layer's weights as integers."""
        assert rule.weights is not None
        t = site.node.inputs[rule.weights]
        limits = NARROW4 if t in self.narrow else NARROW
        axis = scales_axis(site, self.per_channel, t in self.narrow)
        bias = None
        if rule.bias is not None and site.optional(rule.bias) is not None:
            bias = site.const(rule.bias)
        scale = self.quants[site.node.inputs[0]].scale[0]
        weights = site.const(rule.weights)
        quant, dead = weight_quant(weights, axis, bias, float(scale), limits[1])
        if dead:
            self.dead[site.where] = dead
        chosen = self.fitted.get(t)
        if chosen is not None:
            return chosen.data, chosen.quant
        return to_integers(weights, quant, np.int8, limits), quant

    def _operand(self, t: int, node: Node, rule: QuantRule, is_wide: bool) -> int:
        """An input of a node: an activation, in the type and scale that the node needs, or a
        constant."""
        quant = self.quants.get(t)
        if t < 0 or quant is None:
            return t
        data = self.graph.tensors[t].data
        if data is not None:
            kind, limits = (np.int16, wides.INT16) if is_wide else (np.int8, INT8)
            quant = widened(quant) if is_wide else quant
            return self._constant(t, to_integers(data, quant, kind, limits), quant)
        given = self.inner.get(t, t)
        if is_wide and t not in self.forms.wide:
            given = self._as_int16(t)
        wanted = self.quants[node.outputs[0]]
        wanted = widened(wanted) if is_wide else wanted
        if not rule.same_scale or wanted.equals(self.tensors[given].quant):
            return given
        other = self.add(replace(self.tensors[given], quant=wanted), "_requantized")
        self.quantize(given, other)
        return other

    def _as_int16(self, t: int) -> int:
        """An int8 activation as int16. By way of reals: TFLite has no QUANTIZE between the two."""
        if t not in self._widened:
            real = self._as_real(t)
            self._widened[t] = self._wider(t)
            self.quantize(real, self._widened[t])
        return self._widened[t]

    def _wider(self, t: int) -> int:
        """The index of a new tensor, an activation as int16."""
        quant = widened(self.quants[t])
        return self.add(
            replace(self.graph.tensors[t], dtype=np.dtype(np.int16), quant=quant), wides.INNER
        )

    def _constant(self, t: int, data: Array, quant: Quant | None) -> int:
        """The index of a constant in the form that a layer needs; equal forms are one tensor."""
        forms = self._uses.setdefault(t, [])
        for index in forms:
            old = self.tensors[index]
            same = old.dtype == data.dtype and (quant is None or quant.equals(old.quant))
            if same and old.data is not None and np.array_equal(old.data, data):
                return index
        tensor = replace(self.graph.tensors[t], dtype=data.dtype, data=data, quant=quant)
        tensor = replace(tensor, packed=t in self.narrow and quant is not None)
        if forms:
            forms.append(self.add(tensor, f"_{len(forms)}"))
        else:
            self.tensors[t] = tensor
            forms.append(t)
        return forms[-1]
