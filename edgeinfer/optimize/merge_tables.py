# SPDX-License-Identifier: Apache-2.0
"""Two element-wise functions of one int8 tensor in a row become one table of 256 bytes."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.graph import Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.table import Table
from edgeinfer.optimize.base import Editor, Outcome

NAME = "merge-tables"


def run(graph: Graph) -> Outcome:
    """Join each table with the one before it, if nobody else reads that one."""
    edited = Editor(graph)
    for index, node in enumerate(graph.nodes):
        made = edited.producers.get(node.inputs[0]) if node.inputs else None
        if made is None or not edited.only_reader(node.inputs[0]):
            continue
        first, second = edited.site(made), edited.site(index)
        ops = [OPS.get(site.node.op) for site in (first, second)]
        if not all(isinstance(op, Table) for op in ops) or first.input(0).dtype != np.int8:
            continue
        tables = []
        try:
            for op, site in zip(ops, (first, second), strict=True):
                assert isinstance(op, Table)
                tables.append(op.table(site))
        except EdgeinferError:  # a layer that no kernel runs: lowering says so
            continue
        joined = tables[1][tables[0].astype(np.int64) + 128]
        inputs = (first.node.inputs[0], *node.inputs[1:])
        edited.replace(index, inputs=inputs, options={**node.options, "table": joined})
    return edited.swept(NAME)
