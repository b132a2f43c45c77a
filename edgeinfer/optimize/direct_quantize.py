# SPDX-License-Identifier: Apache-2.0
"""int8 → DEQUANTIZE → QUANTIZE → int16 without the reals between, where each of the 256 numbers
comes out the same. TFLite has no QUANTIZE from int8 to int16, so files have to go that way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgeinfer.graph import Graph
from edgeinfer.ops import OPS
from edgeinfer.optimize.base import Editor, Outcome
from edgeinfer.optimize.merge_tables import BYTES

NAME = "direct-quantize"


def run(graph: Graph) -> Outcome:
    """Let each such QUANTIZE read the integers."""
    edited = Editor(graph)
    quantize = OPS["QUANTIZE"]
    for index, node in enumerate(graph.nodes):
        before = edited.producers.get(node.inputs[0], -1) if node.op == "QUANTIZE" else -1
        if before < 0 or graph.nodes[before].op != "DEQUANTIZE":
            continue
        first, last = edited.site(before), edited.site(index)
        if first.input(0).dtype != np.int8 or last.output.dtype != np.int16:
            continue
        direct = replace(last, inputs=first.inputs)
        reals = OPS["DEQUANTIZE"].run(first, [BYTES])
        (wanted,), (found,) = quantize.run(last, reals), quantize.run(direct, [BYTES])
        if np.array_equal(wanted, found):
            edited.set_input(index, 0, graph.nodes[before].inputs[0])
    return edited.swept(NAME)
