# SPDX-License-Identifier: Apache-2.0
"""Batch normalization: products and sums with a constant for each channel go into the layer before.

int8 would round after each of them; in the weights and the bias they cost nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgeinfer.graph import Array, Graph, Node, Tensor
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Site

_FOLDED = ("MUL", "DIV", "ADD", "SUB")
_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
_UNFUSED = "TRANSPOSE_CONV"  # TFLite Micro knows no activation there
Floats = npt.NDArray[np.float64]


def fold_norms(graph: Graph) -> Graph:
    """The float graph without such products and sums, where the layer before has no other reader.

    A fused activation of the last moves to that layer."""
    index = 0
    while index < len(graph.nodes):
        changed = _folded(graph, index)
        # What follows the folded node may be the next for the same layer.
        graph, index = (graph, index + 1) if changed is None else (changed, 0)
    return graph


def _folded(graph: Graph, index: int) -> Graph | None:
    """The graph without this node; None if it does not go into a layer."""
    node = graph.nodes[index]
    if node.op not in _FOLDED or len(node.inputs) != 2:
        return None
    data = [graph.tensors[t].data for t in node.inputs]
    side = 0 if data[1] is not None or node.op in ("DIV", "SUB") else 1
    x, constant = node.inputs[side], data[1 - side]
    maker = graph.producers().get(x, -1)
    if maker < 0 or constant is None or constant.dtype != np.float32:
        return None
    layer = graph.nodes[maker]
    activation = node.options.get("fused_activation_function", 0)
    if (
        layer.op not in _LAYERS
        or layer.options.get("fused_activation_function", 0)
        or (activation and layer.op == _UNFUSED)
        or len(graph.consumers()[x]) > 1
        or x in graph.outputs
        or graph.tensors[node.outputs[0]].shape != graph.tensors[x].shape
    ):
        return None
    by_channel = _by_channel(constant, graph.tensors[x].shape[-1])
    if by_channel is None or (node.op == "DIV" and not by_channel.all()):
        return None
    factor, offset = np.ones(len(by_channel)), np.zeros(len(by_channel))
    if node.op in ("MUL", "DIV"):
        factor = by_channel if node.op == "MUL" else 1 / by_channel
    else:
        offset = by_channel if node.op == "ADD" else -by_channel
    return _merged(graph, maker, index, factor, offset)


def _by_channel(data: Array, channels: int) -> Floats | None:
    """A constant as one number for each channel; None if it differs along other dimensions."""
    if data.size != 1 and (data.size != channels or data.shape[-1] != channels):
        return None
    return np.broadcast_to(data.reshape(-1), channels).astype(np.float64)


def _merged(graph: Graph, maker: int, index: int, factor: Floats, offset: Floats) -> Graph | None:
    site, node = Site.of(graph, maker), graph.nodes[index]
    layer, rule = graph.nodes[maker], op_for(site).rule
    assert rule.weights is not None and rule.bias is not None
    weights, bias = site.input(rule.weights), site.optional(rule.bias)
    if weights.data is None or (bias is not None and bias.data is None):
        return None
    shape = [1] * len(weights.shape)
    shape[rule.channel_axis or 0] = -1
    inputs, tensors = (
        [*layer.inputs, *[-1] * (rule.bias + 1 - len(layer.inputs))],
        list(graph.tensors),
    )

    def put(position: int, like: Tensor, data: Floats) -> None:
        kept = data.astype(np.float32)
        tensors.append(replace(like, shape=kept.shape, data=kept))
        inputs[position] = len(tensors) - 1

    if (factor != 1).any():
        put(rule.weights, weights, weights.data * factor.reshape(shape))
    old = bias.data.astype(np.float64) if bias is not None and bias.data is not None else 0.0
    named = bias or Tensor(f"{weights.name}_bias", (), np.dtype(np.float32))
    put(rule.bias, named, old * factor + offset)
    activation = node.options.get("fused_activation_function", 0)
    options = {**layer.options, "fused_activation_function": activation}
    nodes: list[Node] = list(graph.nodes)
    nodes[maker] = replace(layer, inputs=tuple(inputs), outputs=node.outputs, options=options)
    del nodes[index]
    return replace(graph, tensors=tuple(tensors), nodes=tuple(nodes))
