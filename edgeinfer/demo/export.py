# SPDX-License-Identifier: Apache-2.0
"""Trained layers → Graph, as a converter would write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.demo.layers import Array, Conv, Dense, Depthwise, Layer, MaxPool, Relu
from edgeinfer.graph import Graph, Node, Tensor

SAME, VALID = 0, 1  # Padding of the schema
RELU = 1  # ActivationFunctionType of the schema


def to_graph(layers: Sequence[Layer], input_shape: tuple[int, ...] = (1, 8, 8, 1)) -> Graph:
    """The network with a SOFTMAX behind it; a Relu becomes part of the layer before."""
    builder = _Builder(input_shape)
    for position, layer in enumerate(layers):
        if not isinstance(layer, Relu):
            follows = layers[position + 1] if position + 1 < len(layers) else None
            builder.add(layer, isinstance(follows, Relu))
    return builder.finish()


class _Builder:
    """Tensors and nodes so far; the last activation is `at`."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._tensors = [Tensor("image", shape, np.dtype(np.float32))]
        self._nodes: list[Node] = []
        self._at = 0

    @property
    def _shape(self) -> tuple[int, ...]:
        return self._tensors[self._at].shape

    def add(self, layer: Layer, relu: bool) -> None:
        """Append a layer."""
        _, height, width, channels = self._shape
        shape: tuple[int, ...]
        constants: tuple[Array, ...]
        options: dict[str, Any] = {"fused_activation_function": RELU if relu else 0}
        if isinstance(layer, Conv):
            k, (weights, bias) = layer.kernel, layer.params
            filters = weights.reshape(k, k, channels, -1).transpose(3, 0, 1, 2)
            options |= {"padding": SAME, "stride_w": 1, "stride_h": 1}
            shape = (1, height, width, len(bias))
            self._node("CONV_2D", "Conv2DOptions", (filters, bias), shape, options)
        elif isinstance(layer, Depthwise):
            k, s, (weights, bias) = layer.kernel, layer.stride, layer.params
            options |= {"padding": SAME, "stride_w": s, "stride_h": s, "depth_multiplier": 1}
            shape = (1, -(-height // s), -(-width // s), channels)
            constants = (weights.reshape(1, k, k, channels), bias)
            self._node("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", constants, shape, options)
        elif isinstance(layer, MaxPool):
            options |= {"padding": VALID, "filter_width": 2, "filter_height": 2}
            options |= {"stride_w": 2, "stride_h": 2}
            shape = (1, height // 2, width // 2, channels)
            self._node("MAX_POOL_2D", "Pool2DOptions", (), shape, options)
        elif isinstance(layer, Dense):
            flat, (weights, bias) = (1, height * width * channels), layer.params
            new_shape = (np.array([-1, flat[1]], np.int32),)
            self._node("RESHAPE", "ReshapeOptions", new_shape, flat, {"new_shape": (-1, flat[1])})
            constants = (weights.T, bias)
            self._node(
                "FULLY_CONNECTED", "FullyConnectedOptions", constants, (1, len(bias)), options
            )
        else:
            raise TypeError(f"no operator for {type(layer).__name__}")

    def finish(self) -> Graph:
        """The graph, with probabilities as its output."""
        self._node("SOFTMAX", "SoftmaxOptions", (), self._shape, {"beta": 1.0})
        self._tensors[self._at] = Tensor("probabilities", self._shape, np.dtype(np.float32))
        signature = {
            "key": "serving_default",
            "inputs": {"image": 0},
            "outputs": {"probabilities": self._at},
            "subgraph": 0,
        }
        return Graph(
            tuple(self._tensors),
            tuple(self._nodes),
            (0,),
            (self._at,),
            name="main",
            signatures=(signature,),
            description="Handwritten digits, trained by edgeinfer.demo.train_digits",
        )

    def _node(
        self,
        op: str,
        options_type: str,
        constants: Sequence[Array | np.ndarray[Any, np.dtype[np.int32]]],
        shape: tuple[int, ...],
        options: dict[str, Any],
    ) -> None:
        name = f"{op.lower()}_{len(self._nodes)}"
        inputs = [self._at]
        for part, data in zip(("weights", "bias"), constants, strict=False):
            inputs.append(len(self._tensors))
            kind = "shape" if op == "RESHAPE" else part
            data = np.ascontiguousarray(data)
            self._tensors.append(Tensor(f"{name}/{kind}", data.shape, data.dtype, None, data))
        self._at = len(self._tensors)
        self._tensors.append(Tensor(name, shape, np.dtype(np.float32)))
        self._nodes.append(Node(op, tuple(inputs), (self._at,), options, options_type))
