# SPDX-License-Identifier: Apache-2.0
"""Gradients of the output with respect to every activation, by the chain rule over the float graph.

They tell how much the network's answer minds an error at each place. A new operator gets a function
of slopes.py, or of a file of its own, in RULES. A graph with an operator that has none is quantized
without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edgeinfer.graph import Array, Graph, Node
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.ops.moves import View
from edgeinfer.quantize import recurrence, slopes

Rule = Callable[[Site, Sequence[Array | None], Array, Array], list[Array | None]]


def differentiable(graph: Graph) -> bool:
    """Whether each operator's gradient is known, and samples lead in all tensors."""
    return all(node.op in RULES or node.op in PARTS for node in graph.nodes) and not any(
        _turns(graph, node) for node in graph.nodes
    )


def _turns(graph: Graph, node: Node) -> bool:
    """Whether a node puts another dimension in the samples' place."""
    order = graph.tensors[node.inputs[1]].data if node.op == "TRANSPOSE" else None
    return order is not None and int(order[0]) != 0


def backward(
    graph: Graph,
    values: Mapping[int, Array],
    seeds: Mapping[int, Array],
    take: Callable[[int, Array], None],
) -> None:
    """Call take(t, gradient) for every float activation, the last first.

    `values` are all activations [n, …] of a run of the float graph, `seeds` the gradients [p, n, …]
    of its outputs. All gradients have the shape [p, n, …]."""
    probes = len(next(iter(seeds.values())))
    grads = {t: seed.reshape(-1, *seed.shape[2:]) for t, seed in seeds.items()}
    for index in reversed(range(len(graph.nodes))):
        node, site = graph.nodes[index], Site.of(graph, index)
        if node.op in PARTS:
            _split(graph, index, values, grads, take)
            continue
        grad = grads.pop(node.outputs[0], None)
        if grad is None:
            continue
        out = values[node.outputs[0]]
        take(node.outputs[0], grad.reshape(probes, *out.shape))
        inputs = [values.get(t, graph.tensors[t].data) if t >= 0 else None for t in node.inputs]
        for t, part in zip(node.inputs, RULES[node.op](site, inputs, out, grad), strict=False):
            if part is not None and t in values:
                grads[t] = grads[t] + part if t in grads else part
    for t in graph.inputs:
        if t in grads:
            take(t, grads[t].reshape(probes, *values[t].shape))


def _split(
    graph: Graph,
    index: int,
    values: Mapping[int, Array],
    grads: dict[int, Array],
    take: Callable[[int, Array], None],
) -> None:
    """Back through an operator that hands out parts of a tensor."""
    node, site = graph.nodes[index], Site.of(graph, index)
    op = OPS[node.op]
    assert isinstance(op, View)
    x = node.inputs[op.source]
    shape = values[x].shape[1:]
    places = op.views(site, np.arange(np.prod(shape)).reshape(1, *shape))
    for out, place in zip(node.outputs, places, strict=True):
        grad = grads.pop(out, None)
        if grad is None:
            continue
        take(out, grad.reshape(-1, *values[out].shape))
        if x not in grads:
            grads[x] = np.zeros((len(grad), *shape), np.float32)
        grads[x].reshape(len(grad), -1)[:, place.reshape(-1)] += grad.reshape(len(grad), -1)


RULES: dict[str, Rule] = {
    "ADD": slopes.add,
    "AVERAGE_POOL_2D": slopes.average,
    "BATCH_MATMUL": slopes.products,
    "CONCATENATION": slopes.concat,
    "CONV_2D": slopes.conv,
    "DEPTHWISE_CONV_2D": slopes.depthwise,
    "FULLY_CONNECTED": slopes.dense,
    "GATHER": slopes.gather,
    "L2_NORMALIZATION": slopes.unit,
    "MAX_POOL_2D": slopes.largest,
    "MEAN": slopes.mean,
    "MUL": slopes.mul,
    "PACK": slopes.stack,
    "PAD": slopes.pad,
    "RESIZE_BILINEAR": slopes.bilinear,
    "SOFTMAX": slopes.softmax,
    "SUM": slopes.sum,
    "TRANSPOSE_CONV": slopes.transposed,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": recurrence.lstm,
    **dict.fromkeys(("EXPAND_DIMS", "RESHAPE", "SQUEEZE"), slopes.reshape),
    **dict.fromkeys(
        ("BROADCAST_TO", "DEPTH_TO_SPACE", "MIRROR_PAD", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2",
         "SLICE", "SPACE_TO_DEPTH", "STRIDED_SLICE", "TILE", "TRANSPOSE"),
        slopes.moved,
    ),
    **dict.fromkeys(
        ("ABS", "DIV", "ELU", "EXP", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC",
         "MAXIMUM", "MINIMUM", "NEG", "PRELU", "RELU", "RELU6", "RELU_0_TO_1",
         "RELU_N1_TO_1", "RSQRT", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "TANH"),
        slopes.pointwise,
    ),
}  # fmt: skip
PARTS = ("SPLIT", "SPLIT_V", "UNPACK")  # operators of several outputs
