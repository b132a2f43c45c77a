# SPDX-License-Identifier: Apache-2.0
"""Element-wise layers that depend on one int8 tensor become one table of 256 bytes.

So do two tables in a row, a sum or product with one constant, DEQUANTIZE and then QUANTIZE, and
x · RELU6(x + 3) / 6 as a whole: 256 runs of the operators' references say what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.fold import results
from edgeinfer.graph import Array, Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.ops.binary import Binary
from edgeinfer.ops.table import Table
from edgeinfer.optimize.base import Editor, Outcome, is_pure

NAME = "merge-tables"
BYTES = np.arange(-128, 128).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Function:
    """A tensor whose every element depends on the same element of another, int8 tensor."""

    origin: int
    values: Array  # [256] of the tensor's own type, for the origin's −128..127


def run(graph: Graph) -> Outcome:
    """Let the last layer of each such group be a table that reads the group's input."""
    edited = Editor(graph)
    known: dict[int, Function] = {}
    for index, node in enumerate(graph.nodes):
        site = edited.site(index)
        try:
            function = _function(graph, site, known)
        except EdgeinferError:  # a layer that no kernel runs: lowering says so
            continue
        if function is None:
            continue
        (result,) = node.outputs
        known[result] = function
        inner = [t for t in node.inputs if t in known]
        chained = inner and all(edited.only_reader(t) for t in inner)
        # A table costs less than a sum. But the origin must not have to live longer for it.
        cheaper = isinstance(OPS[node.op], Binary) and function.origin in node.inputs
        if site.output.dtype == np.int8 and (chained or cheaper):
            edited.replace(
                index,
                op="QUANTIZE",
                inputs=(function.origin,),
                options={"table": function.values},
                options_type="QuantizeOptions",
                version=2,
            )
    return edited.swept(NAME)


def _function(graph: Graph, site: Site, known: dict[int, Function]) -> Function | None:
    """The function that a node's output is, if it is one."""
    op = OPS.get(site.node.op)
    unary = isinstance(op, Table) or site.node.op == "DEQUANTIZE"
    if op is None or not (unary or isinstance(op, Binary)) or not is_pure(graph, site.node):
        return None
    origins, values = set[int](), list[Array]()
    for t, tensor in zip(site.node.inputs, site.inputs, strict=True):
        if tensor is None:
            return None
        if tensor.data is not None:
            flat = tensor.data.reshape(-1)
            if not flat.size or np.any(flat != flat[0]):
                return None
            values.append(flat[:1])
            continue
        if tensor.dtype == np.int8:
            found = known.get(t, Function(t, BYTES))
        elif t in known:
            found = known[t]
        else:
            return None
        origins.add(found.origin)
        values.append(found.values)
    if len(origins) != 1:
        return None
    (origin,) = origins
    if graph.tensors[origin].shape != site.output.shape:
        return None
    (result,) = results(site, op, values)
    return Function(origin, result)
