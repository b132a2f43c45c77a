# SPDX-License-Identifier: Apache-2.0
"""CIRCULAR_BUFFER: the last few inputs of a stream; the layers after it run once a cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgeinfer.graph import Array, Graph, Node, Tensor
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.custom import custom_options

NAME = "CUSTOM:CIRCULAR_BUFFER"
EVERY = (5, 13, 25)  # slots of buffers whose cycle is 1 if the file does not say
FIFTH = (2, 96)  # of the fifth such buffer, the other dimensions with a cycle of 1


class CircularBuffer(Op):
    """The reference is kernels/circular_buffer.cc of TFLite Micro.

    Its state is its output, and how many inferences of the cycle are done: `inline.py` makes the
    former a variable, the latter a second input, and whether the cycle is done a second output."""

    name = NAME
    pure = False

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        x, y = site.input(0).shape, site.output.shape
        if len(x) != 4 or x[:2] != (1, 1) or len(y) != 4:
            raise site.unsupported(f"{x} into {y}")
        return ((1, y[1], *x[2:]), *(t.shape for t in site.outputs[1:]))

    def known(self, site: Site) -> bool:
        return False

    def hidden(self, site: Site) -> tuple[Tensor, ...]:
        return (replace(site.output, is_variable=True), counter(site.output))

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        x, old, count = values
        assert x is not None and old is not None and count is not None
        buffer = np.concatenate([old[:, 1:], x], 1)
        done = count + 1 >= cycles(site)
        results = [buffer, done.reshape(tuple(1 for _ in site.outputs[-1].shape))]
        return [*results[: len(site.outputs)], buffer, np.where(done, 0, count + 1)]

    def ends(self, site: Site, results: Sequence[Array]) -> bool:
        return len(site.outputs) == 1 and bool(results[-1].any())

    def pack(self, site: Site) -> list[Call]:
        site.require_int8(0)
        valid = site.outputs[1]
        if valid.dtype != np.bool_ or valid.size != 1:
            raise site.unsupported(f"a second output of {valid.dtype} {valid.shape}")
        state = {"buffer": site.out_ref(), "count": site.in_ref(1)}
        slots, slot = site.output.shape[1], site.input(0).size
        params = {"slots": slots, "slot": slot, "cycles": cycles(site)}
        refs, out = (site.in_ref(0),), site.out_ref(position=1)
        return [Call("circular_buffer", params, refs, out, more_in=state, more_out=state)]


def counter(output: Tensor) -> Tensor:
    """How many inferences of the cycle are done."""
    return Tensor(f"{output.name}/count", (1,), np.dtype(np.int32), is_variable=True)


def cycles(site: Site) -> int:
    """Inferences of a cycle, of a graph that is `timed`."""
    return int(site.option("cycles", 1))


def timed(graph: Graph) -> Graph:
    """The graph with every buffer's cycle among the options of its node.

    TFLite Micro takes it from the shape and the buffers before if the file does not say. Raises
    UnsupportedError for a cycle that is no number."""
    nodes: list[Node] = []
    unsaid = 0
    for index, node in enumerate(graph.nodes):
        if node.op == NAME:
            site = Site.of(graph, index)
            cycle = custom_options(site).get("cycles_max", 0)
            if not isinstance(cycle, int) or cycle >= 1 << 31:
                raise site.unsupported(f"a cycle of {cycle}")
            if cycle <= 0:
                unsaid, shape = unsaid + 1, site.output.shape
                every = shape[1:2] != () and shape[1] in EVERY
                cycle = 1 if every or (unsaid == 5 and shape[2:] == FIFTH) else 2
                unsaid = 0 if cycle == 1 else unsaid
            node = replace(node, options={**node.options, "cycles": cycle})
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))
