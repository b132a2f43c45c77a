# SPDX-License-Identifier: Apache-2.0
"""What a model is made of: layers, shapes, multiply-accumulates, sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from edgeinfer.graph import Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site


@dataclass(frozen=True)
class Layer:
    """One node for people and scripts."""

    op: str
    name: str
    inputs: tuple[tuple[int, ...], ...]  # shapes of the activations
    output: tuple[int, ...]
    dtype: str
    macs: int  # multiply-accumulates of one inference
    weight_bytes: int
    supported: bool


def layers(graph: Graph) -> list[Layer]:
    """The layers of a graph, those that edgeinfer does not run included."""
    found = []
    for index, node in enumerate(graph.nodes):
        site = Site.of(graph, index)
        constants = [t for t in site.inputs if t is not None and t.data is not None]
        op = OPS.get(node.op)
        found.append(
            Layer(
                node.op,
                site.outputs[0].name if site.outputs else "",
                tuple(t.shape for t in site.inputs if t is not None and t.data is None),
                site.outputs[0].shape if site.outputs else (),
                str(site.outputs[0].dtype) if site.outputs else "",
                op.macs(site) if op is not None else 0,
                sum((t.size + 1) // 2 if t.packed else t.nbytes for t in constants),
                op is not None,
            )
        )
    return found


def macs(graph: Graph) -> list[int]:
    """Multiply-accumulates of each layer."""
    return [layer.macs for layer in layers(graph)]


def is_float(graph: Graph) -> bool:
    """Whether a network has not been quantized."""
    return not any(
        t.dtype == np.int8 or (t.dtype in (np.uint8, np.int16) and t.quant is not None)
        for t in graph.tensors
    )


def short_name(name: str) -> str:
    """The telling part of a tensor's name.

    TFLite joins the names of what it fused by semicolons; the last is the layer's own, in the
    innermost of its scopes."""
    own = next((part for part in reversed(name.split(";")) if part), name)
    layer = re.sub(r"(/(BiasAdd|ReadVariableOp|resource)\d*)+$", "", own)
    return "/".join(layer.split("/")[-2 if layer == own else -1 :]) or name
