# SPDX-License-Identifier: Apache-2.0
"""Average pools over a whole image become MEAN, whose output has a scale of its own.

AVERAGE_POOL_2D shares its input's scale. Means over many positions stay far within what single
values reach, and rounding them in steps made for these is often the largest error of a network: of
inputs' errors the mean leaves next to nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgeinfer.graph import Graph, Node, Tensor
from edgeinfer.ops.base import Site
from edgeinfer.ops.pool import Pool

_AXES = np.array([1, 2], np.int32)  # height and width


def with_means(graph: Graph) -> Graph:
    """The float graph with MEAN for each such pool; it computes the same, but for the order in
    which floats are added."""
    tensors, nodes = list(graph.tensors), list(graph.nodes)
    for index, node in enumerate(graph.nodes):
        if node.op != "AVERAGE_POOL_2D" or not _whole(Site.of(graph, index)):
            continue
        name = graph.tensors[node.outputs[0]].name + "_axes"
        tensors.append(Tensor(name, _AXES.shape, _AXES.dtype, data=_AXES))
        inputs = (*node.inputs, len(tensors) - 1)
        nodes[index] = Node("MEAN", inputs, node.outputs, {"keep_dims": True}, "ReducerOptions")
    return replace(graph, tensors=tuple(tensors), nodes=tuple(nodes))


def _whole(site: Site) -> bool:
    """Whether a pool's only window is its whole input, and nothing is clipped after it."""
    window, shape = Pool.window(site), site.input(0).shape
    plain = not site.option("fused_activation_function", 0) and site.input(0).dtype == np.float32
    return plain and window.kernel == shape[1:3] and window.out == (1, 1)
