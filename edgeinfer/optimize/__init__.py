# SPDX-License-Identifier: Apache-2.0
"""THE list of passes: each makes a graph smaller and changes no byte of any output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeinfer.errors import EdgeinferError
from edgeinfer.fold import folded
from edgeinfer.graph import Array, Graph
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.optimize import (
    constant_channels,
    copies,
    dead_layers,
    direct_quantize,
    duplicate_layers,
    fold_constants,
    fuse_activations,
    fuse_pad,
    merge_tables,
    unread_channels,
)
from edgeinfer.optimize.base import Pass, Removed
from edgeinfer.shapes import check_shape
from edgeinfer.unsigned import signed

__all__ = ["PASSES", "Optimized", "Removed", "optimize"]

PASSES: dict[str, Pass] = {
    module.NAME: module.run
    for module in (
        fold_constants,
        dead_layers,
        duplicate_layers,
        copies,
        fuse_pad,
        fuse_activations,
        merge_tables,
        direct_quantize,
        constant_channels,
        unread_channels,
    )
}
"""By the names of --passes, in the order in which they run."""


@dataclass(frozen=True)
class Optimized:
    """What the passes made of a graph."""

    graph: Graph
    removed: tuple[Removed, ...]
    kept: Mapping[int, Array]  # tensor → the channels left of the original's, where some are gone

    def left(self, tensor: int, value: Array) -> Array:
        """What is left of an original activation's value: [..., channels]."""
        return value[..., self.kept[tensor]] if tensor in self.kept else value

    def summary(self) -> str:
        """One line for people, empty if nothing was removed."""
        channels = sum(r.channels for r in self.removed)
        narrowed = len({r.layer for r in self.removed if r.channels})
        gone = sum(r.layers for r in self.removed)
        saved = sum(r.weight_bytes for r in self.removed)
        parts = [
            f"{_some(channels, 'dead channel')} of {_some(narrowed, 'layer')}" if channels else "",
            _some(gone, "layer") if gone else "",
            _some(saved, "weight byte") if saved else "",
        ]
        return ", ".join(part for part in parts if part)


def _some(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def optimize(graph: Graph, passes: Sequence[str] | None = None) -> Optimized:
    """The graph after these passes (names of PASSES; None: all), which run in the order of PASSES.

    Tensors keep their indices, inputs and outputs also their shapes.
    Raises ModelError for a layer whose shapes contradict each other, EdgeinferError for an unknown
    pass."""
    for unknown in sorted(set(passes or ()) - set(PASSES)):
        raise EdgeinferError(
            f"There is no optimizer pass '{unknown}'.", f"Passes: {', '.join(PASSES)}."
        )
    graph = signed(graph)
    plain = folded(graph)  # a shape can depend on what another layer computes
    for index, node in enumerate(plain.nodes):
        if node.op in OPS:
            check_shape(Site.of(plain, index), OPS[node.op])
    removed: list[Removed] = []
    kept: dict[int, Array] = {}
    for name, run in PASSES.items():
        if passes is not None and name not in passes:
            continue
        made = run(graph)
        graph = made.graph
        removed.extend(made.removed)
        for t, channels in made.kept.items():
            kept[t] = kept[t][channels] if t in kept else channels
    return Optimized(graph, tuple(removed), kept)
