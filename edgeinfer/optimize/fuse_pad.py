# SPDX-License-Identifier: Apache-2.0
"""PAD before a convolution or a pool becomes the window's own padding.

Exact for convolutions: PAD writes the zero point, which adds nothing to a sum, as the window's own
padding does. A maximum ignores its padding, so there the zero point must be the least value, −128.
An average counts only the taps inside, so it never qualifies."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import EdgeinferError
from edgeinfer.graph import Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.ops.conv_2d import Conv2D
from edgeinfer.ops.depthwise_conv_2d import DepthwiseConv2D
from edgeinfer.ops.max_pool_2d import MaxPool2D
from edgeinfer.optimize.base import Editor, Outcome

NAME = "fuse-pad"
Explicit = tuple[tuple[int, int], tuple[int, int]]


def run(graph: Graph) -> Outcome:
    """Let windows read what PAD reads."""
    edited = Editor(graph)
    for index, node in enumerate(graph.nodes):
        made = edited.producers.get(node.inputs[0]) if node.inputs else None
        if made is None or graph.nodes[made].op != "PAD":
            continue
        try:
            padding = _padding(edited.site(index), edited.site(made))
        except EdgeinferError:  # a layer that no kernel runs: lowering says so
            continue
        if padding is not None:
            options = {**node.options, "explicit_padding": padding}
            inputs = (edited.nodes[made].inputs[0], *node.inputs[1:])
            edited.replace(index, inputs=inputs, options=options)
    return edited.swept(NAME)


def _padding(site: Site, pad: Site) -> Explicit | None:
    """((above, below), (left, right)) of the two together; None where that is not the same."""
    op, x = OPS.get(site.node.op), pad.input(0)
    if not isinstance(op, (Conv2D, DepthwiseConv2D, MaxPool2D)) or x.quant is None:
        return None
    if x.dtype != np.int8 or not x.quant.equals(pad.output.quant) or len(x.shape) != 4:
        return None
    if isinstance(op, MaxPool2D) and x.zero_point != -128:
        return None
    pads, window = pad.const(1), op.window(site)
    if pads[0].any() or pads[3].any():
        return None
    both = []
    for d in range(2):
        before = int(pads[1 + d][0]) + window.pad[d]
        span = (window.kernel[d] - 1) * window.dilation[d] + 1
        last = (window.out[d] - 1) * window.stride[d] - before  # where the last window begins
        if before >= span or last >= x.shape[1 + d]:
            return None  # kernels want a tap of every window inside
        both.append((before, last + span - x.shape[1 + d]))
    return both[0], both[1]
