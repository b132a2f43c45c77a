# SPDX-License-Identifier: Apache-2.0
"""What the tests' graphs under construction share."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Graph, Node, Tensor

# Options of windows that move by one, with the padding SAME.
CONV = {"padding": 0, "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}


class Builder:
    """A graph under construction, with a source of random numbers."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.tensors: list[Tensor] = []
        self.nodes: list[Node] = []
        self.inputs: list[int] = []

    def add(self, tensor: Tensor) -> int:
        """The index of a new tensor."""
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def graph(self, *outputs: int) -> Graph:
        return Graph(tuple(self.tensors), tuple(self.nodes), tuple(self.inputs), outputs)
