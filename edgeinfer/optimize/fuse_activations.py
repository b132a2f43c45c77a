# SPDX-License-Identifier: Apache-2.0
"""RELU and the like behind a layer become the layer's own clipping, where every byte agrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.graph import Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.activation import RANGES, int8_range
from edgeinfer.ops.base import Site
from edgeinfer.ops.binary import Binary
from edgeinfer.ops.convolution import Convolution
from edgeinfer.ops.fully_connected import FullyConnected
from edgeinfer.ops.pool import Pool
from edgeinfer.ops.table import Table
from edgeinfer.optimize.base import Editor, Outcome, is_pure

NAME = "fuse-activations"
CLIPPING = (Binary, Convolution, FullyConnected, Pool)


def run(graph: Graph) -> Outcome:
    """Give activations that only clip to the layers before them."""
    edited = Editor(graph)
    for index, node in enumerate(graph.nodes):
        made = edited.producers.get(node.inputs[0]) if node.inputs else None
        if made is None or not edited.only_reader(node.inputs[0]):
            continue
        before = edited.site(made)
        if not isinstance(OPS.get(before.node.op), CLIPPING) or not is_pure(graph, before.node):
            continue
        try:
            code = _code(before, edited.site(index))
        except EdgeinferError:  # a layer that no kernel runs: lowering says so
            continue
        if code is not None:
            options = {**before.node.options, "fused_activation_function": code}
            edited.replace(made, outputs=node.outputs, options=options)
            edited.producers[node.outputs[0]] = made
            edited.drop(index)
    return edited.swept(NAME)


def _code(before: Site, after: Site) -> int | None:
    """The fused activation that does both clippings, if there is one."""
    op, x, y = OPS.get(after.node.op), before.output, after.output
    if not isinstance(op, Table) or x.dtype != np.int8 or x.quant is None:
        return None
    if not x.quant.equals(y.quant):
        return None  # the kernel would have to scale to another output
    low, high = int8_range(before)
    table = op.table(after)
    reach = np.arange(low, high + 1)
    for code in RANGES:
        node = replace(before.node, options={"fused_activation_function": code})
        least, most = int8_range(replace(before, node=node))
        # Clipping twice is clipping once if the second range lies within the first one.
        inside = low <= least and most <= high
        if inside and np.array_equal(table[reach + 128], np.clip(reach, least, most)):
            return code
    return None
