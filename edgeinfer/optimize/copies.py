# SPDX-License-Identifier: Apache-2.0
"""Layers that only copy: an activation that clips nothing, transpositions that cancel each other.

They become another name for the bytes they copy: nothing at all where type, shape and scale are the
same, else a RESHAPE, which costs nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.fold import results
from edgeinfer.graph import Array, Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.activation import int8_range
from edgeinfer.ops.base import Op, Site
from edgeinfer.ops.moves import View
from edgeinfer.ops.pool import Pool
from edgeinfer.ops.table import Table
from edgeinfer.optimize.base import Editor, Outcome, is_pure
from edgeinfer.optimize.bounds import Bounds, bounds

NAME = "copies"
Origin = tuple[int, Array]  # a tensor, and which of its elements


def run(graph: Graph) -> Outcome:
    """Read through copies."""
    edited, known = Editor(graph), bounds(graph)
    moved: dict[int, Origin] = {}
    for index, node in enumerate(graph.nodes):
        if len(node.outputs) != 1 or not is_pure(graph, node) or not node.inputs:
            continue
        try:
            source = _source(OPS[node.op], edited, index, known, moved)
        except EdgeinferError:  # a layer that no kernel runs: lowering says so
            continue
        if source is not None:
            _name(edited, index, source)
    return edited.swept(NAME)


def _source(
    op: Op, edited: Editor, index: int, known: Mapping[int, Bounds], moved: dict[int, Origin]
) -> int | None:
    """The tensor of which a node copies the bytes in their order; None if it does not."""
    site = edited.site(index)
    position = op.source if isinstance(op, View) else 0
    read = site.node.inputs[position]
    if isinstance(op, View) or op.alias(site):
        x = edited.tensors[read]
        origin, order = moved.get(read, (read, np.arange(x.size)))
        values = [t.data if t is not None else None for t in site.inputs]
        values[position] = order.reshape(x.shape)
        (result,) = results(site, op, values)
        moved[site.node.outputs[0]] = (origin, result.reshape(-1))
        whole = np.arange(edited.tensors[origin].size)
        return origin if np.array_equal(result.reshape(-1), whole) else None
    return read if read in known and _copies(op, site, known[read]) else None


def _copies(op: Op, site: Site, x: Bounds) -> bool:
    """Whether the output's bytes are those of input 0."""
    if site.output.dtype != np.int8 or not site.output.size or not x[0].size:
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


def _name(edited: Editor, index: int, source: int) -> None:
    """Let a node's output be another name for a tensor's bytes."""
    node = edited.nodes[index]
    (result,) = node.outputs
    x, y = edited.tensors[source], edited.tensors[result]
    same = (x.shape, x.dtype) == (y.shape, y.dtype)
    same = same and (x.quant.equals(y.quant) if x.quant else y.quant is None)
    if same and edited.rewire(result, source):
        return
    if node.op == "RESHAPE" and node.inputs[0] == source:
        return
    shape = np.array(y.shape, np.int32)
    edited.replace(
        index,
        op="RESHAPE",
        inputs=(source, edited.vector(f"{y.name}/shape", shape)),
        options={"new_shape": shape},
        options_type="ReshapeOptions",
        version=1,
    )
