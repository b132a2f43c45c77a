# SPDX-License-Identifier: Apache-2.0
"""Models quantized to uint8, as in TFLite's first years → the int8 model of the same bytes.

Every value less 128, zero points too: then TFLite's int8 kernels compute what its uint8 kernels do,
but for a few that round by the sign. Inputs and outputs stay uint8."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Graph, Node, Quant, Tensor

# An option of layers that were uint8, which no file has: TFLite multiplies the scales of those with
# weights in float32, and the others round otherwise.
OPTION = "uint8"
WEIGHTED = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"}
_MARKED = WEIGHTED | {"AVERAGE_POOL_2D", "L2_NORMALIZATION", "RESIZE_BILINEAR"}
# Operators of which TFLite's kernels of both types agree in every byte, with that option.
SAME = WEIGHTED | {
    "ADD", "ARG_MAX", "ARG_MIN", "AVERAGE_POOL_2D", "BATCH_TO_SPACE_ND", "BROADCAST_TO",
    "CONCATENATION", "DEPTH_TO_SPACE", "DEQUANTIZE", "EQUAL", "EXPAND_DIMS", "GATHER",
    "GATHER_ND", "GELU", "GREATER", "GREATER_EQUAL", "HARD_SWISH", "L2_NORMALIZATION",
    "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOGISTIC", "LOG_SOFTMAX", "MAXIMUM", "MAX_POOL_2D",
    "MEAN", "MINIMUM", "MIRROR_PAD", "MUL", "NOT_EQUAL", "PACK", "PAD", "PADV2", "PRELU",
    "QUANTIZE", "REDUCE_MAX", "REDUCE_MIN", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1",
    "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SHAPE", "SLICE",
    "SOFTMAX", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQUEEZE",
    "STRIDED_SLICE", "SUB", "SUM", "TANH", "TILE", "TRANSPOSE", "UNPACK",
}  # fmt: skip
_OTHER = "and has other bytes in int8"
_REASONS = {
    # RoundingDivideByPOT of gemmlowp, whose result for more than 31 bits is the processor's.
    "DIV": "where TFLite shifts small quotients by more bits than there are: they are undefined",
}
# What computes with real numbers, and only reads uint8.
_READING = {"CUSTOM:TFLite_Detection_PostProcess"}
_CONVERTING = {"QUANTIZE", "DEQUANTIZE", "CAST"}  # their kernels take uint8 as it is


def signed(graph: Graph) -> Graph:
    """The graph in int8, with a QUANTIZE after each uint8 input and before each uint8 output.

    Tensors keep their indices. A graph whose layers compute in other types stays as it is. Raises
    UnsupportedError for a layer that would give other bytes in int8."""
    if not any(
        _is_old(graph.tensors[t])
        for node in graph.nodes
        if node.op not in _CONVERTING
        for t in (*node.inputs, *node.outputs)
        if t >= 0
    ):
        return graph
    nodes = [_layer(graph, i) for i in range(len(graph.nodes))]
    weights = {n.inputs[1] for n in nodes if n.op in WEIGHTED and len(n.inputs) > 1}
    tensors = [_signed(t, i in weights) if _is_old(t) else t for i, t in enumerate(graph.tensors)]
    ends: dict[str, list[int]] = {"inputs": list(graph.inputs), "outputs": list(graph.outputs)}
    for side, indices in ends.items():
        for place, t in enumerate(indices):
            if not _is_old(graph.tensors[t]) or graph.tensors[t].data is not None:
                continue
            indices[place] = len(tensors)
            tensors.append(graph.tensors[t])
            pair = (len(tensors) - 1, t) if side == "inputs" else (t, len(tensors) - 1)
            node = Node("QUANTIZE", pair[:1], pair[1:], {}, "QuantizeOptions", version=2)
            nodes.insert(0 if side == "inputs" else len(nodes), node)
    return replace(
        graph,
        tensors=tuple(tensors),
        nodes=tuple(nodes),
        inputs=tuple(ends["inputs"]),
        outputs=tuple(ends["outputs"]),
    )


def _is_old(tensor: Tensor) -> bool:
    return tensor.dtype == np.uint8 and tensor.quant is not None


def _layer(graph: Graph, index: int) -> Node:
    """The node as it computes in int8. Raises UnsupportedError if it gives other bytes then."""
    node = graph.nodes[index]
    tensors = [graph.tensors[t] for t in (*node.inputs, *node.outputs) if t >= 0]
    if not any(_is_old(t) for t in tensors):
        return node
    if node.op not in SAME | _READING:
        raise UnsupportedError(
            f"{graph.label(index)} computes in uint8, {_REASONS.get(node.op, _OTHER)}.",
            "Convert the float network again, or quantize it with 'edgeinfer quantize'.",
        )
    return replace(node, options={**node.options, OPTION: True}) if node.op in _MARKED else node


def _signed(tensor: Tensor, weights: bool) -> Tensor:
    """A tensor as int8; weights symmetric, if they fit."""
    quant = tensor.quant
    assert quant is not None
    zero, data = quant.zero_point - 128, tensor.data
    if data is not None and data.size:
        centred = data.astype(np.int64) - quant.zero_point[0]
        fits = not quant.per_channel and centred.min() >= -128 and centred.max() <= 127
        if weights and fits:
            data, zero = centred.astype(np.int8), np.zeros_like(zero)
        else:
            data = (data ^ np.uint8(128)).view(np.int8)
    quant = Quant(quant.scale, zero, quant.axis)
    return replace(tensor, dtype=np.dtype(np.int8), quant=quant, data=data)
