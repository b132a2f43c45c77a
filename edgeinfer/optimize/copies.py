# SPDX-License-Identifier: Apache-2.0
"""Layers that only copy: an activation that clips nothing, a padding of nothing, a pool of 1x1.

They become another name for their input's bytes: nothing at all where type, shape and scale are the
same, else a RESHAPE, which costs nothing."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.graph import Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import Op, Site
from edgeinfer.ops.pool import Pool
from edgeinfer.ops.table import Table
from edgeinfer.optimize.base import Editor, Outcome, is_pure
from edgeinfer.optimize.bounds import Bounds, bounds

NAME = "copies"


def run(graph: Graph) -> Outcome:
    """Read through copies."""
    edited, known = Editor(graph), bounds(graph)
    for index, node in enumerate(graph.nodes):
        if len(node.outputs) != 1 or not is_pure(graph, node):
            continue
        site, op = Site.of(graph, index), OPS[node.op]
        try:
            free = op.alias(site)
            if not free and not _copies(op, site, known.get(node.inputs[0])):
                continue
        except EdgeinferError:  # a layer that no kernel runs: lowering says so
            continue
        source, result = edited.nodes[index].inputs[0], node.outputs[0]
        x, y = graph.tensors[source], site.output
        same = (x.shape, x.dtype) == (y.shape, y.dtype)
        same = same and (x.quant.equals(y.quant) if x.quant else y.quant is None)
        if same and result not in graph.outputs:
            edited.rewire(result, source)
        elif not free:
            shape = np.array(y.shape, np.int32)
            wanted = edited.vector(f"{y.name}/shape", shape)
            edited.replace(
                index,
                op="RESHAPE",
                inputs=(source, wanted),
                options={"new_shape": shape},
                options_type="ReshapeOptions",
                version=1,
            )
    return edited.swept(NAME)


def _copies(op: Op, site: Site, x: Bounds | None) -> bool:
    """Whether the output's bytes are those of input 0."""
    if x is None or site.output.dtype != np.int8:
        return False
    low, high = int(x[0].min()), int(x[1].max())
    values = np.arange(low, high + 1)
    if isinstance(op, Table):
        return np.array_equal(op.table(site)[values + 128], values)
    if isinstance(op, Pool):
        window, (least, most) = op.window(site), int8_range(site)
        one = (window.kernel, window.stride) == ((1, 1), (1, 1))
        return one and site.output.shape == site.input(0).shape and least <= low and high <= most
    if op.name == "PAD":
        return site.output.shape == site.input(0).shape
    return op.name == "CONCATENATION" and len(site.inputs) == 1
