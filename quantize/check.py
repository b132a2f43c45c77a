# SPDX-License-Identifier: Apache-2.0
"""Refuses what cannot be quantized, before any sample is run."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import ModelError, QuantizeError, UnsupportedError
from edgeinfer.graph import Graph
from edgeinfer.ops import op_for
from edgeinfer.ops.base import Op, Site
from edgeinfer.ops.weighted import bias_of
from edgeinfer.quantize.prepare import fold_constants
from edgeinfer.shapes import check_shape

_FLOAT_MODEL = "Give the float32 model: convert it without optimizations or quantization."


def check_float(graph: Graph) -> Graph:
    """The graph with its constants computed, a float32 network of operators that edgeinfer runs.

    Raises QuantizeError if it is quantized already, UnsupportedError naming the first layer that
    is not supported, ModelError if it is empty."""
    graph = fold_constants(graph)
    if not graph.nodes or not graph.inputs or not graph.outputs:
        raise ModelError("The model has no layers, inputs or outputs.", "Convert the model again.")
    _check_not_quantized(graph)
    for index in range(len(graph.nodes)):
        site = Site.of(graph, index)
        op = op_for(site)
        for position in (op.rule.weights, op.rule.bias):
            if position is not None and site.optional(position) is not None:
                site.const(position)
        _check_shapes(site, op)
    for t in graph.inputs:
        tensor = graph.tensors[t]
        if tensor.dtype != np.float32:
            raise UnsupportedError(
                f"Input '{tensor.name}' is of type {tensor.dtype}, which cannot be quantized.",
                "Give a network whose inputs are float32.",
            )
        if not tensor.shape or tensor.shape[0] != graph.tensors[graph.inputs[0]].shape[0]:
            raise UnsupportedError(
                f"Input '{tensor.name}' of shape {tensor.shape} has no batch dimension.",
                "Let the first dimension of each input be the batch, usually 1.",
            )
    return graph


def _check_shapes(site: Site, op: Op) -> None:
    """Float outputs of the shapes that the inputs give them, and a bias for each channel."""
    for tensor in site.outputs or (site.output,):
        if tensor.dtype != np.float32:
            raise site.unsupported(f"an output of type {tensor.dtype}")
    check_shape(site, op)
    if op.rule.weights is not None:
        channels = site.input(op.rule.weights).shape[op.rule.channel_axis or 0]
        bias_of(site, channels, np.float32)


def _check_not_quantized(graph: Graph) -> None:
    for tensor in graph.tensors:
        if tensor.dtype in (np.int8, np.uint8, np.int16) or (
            tensor.quant is not None and tensor.dtype != np.float32
        ):
            raise QuantizeError(
                f"The model is quantized already: tensor '{tensor.name}' is of type "
                f"{tensor.dtype}.",
                _FLOAT_MODEL,
            )
        if tensor.dtype == np.float16:
            raise QuantizeError(
                f"The model's weights are float16 (tensor '{tensor.name}').", _FLOAT_MODEL
            )
        if tensor.data is None or tensor.dtype != np.float32:
            continue
        if not np.isfinite(tensor.data).all():
            raise QuantizeError(
                f"Constant '{tensor.name}' holds NaN or infinity.",
                "Train the network again, or restore an earlier checkpoint.",
            )
