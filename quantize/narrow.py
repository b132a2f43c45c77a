# SPDX-License-Identifier: Apache-2.0
"""Which layers have weights of 4 bits, where flash is short: those that lose least for the bytes.

Dense layers and pointwise convolutions can have them: those are the ones that a kernel reads two
weights at a time (fully_connected_nibbles). TFLite's INT4 has one scale for a dense layer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from edgeinfer.errors import QuantizeError
from edgeinfer.graph import Graph
from edgeinfer.inspection import short_name
from edgeinfer.ops.base import Site
from edgeinfer.quantize.settings import Settings


def eligible(graph: Graph, real: Collection[int] = frozenset()) -> dict[int, int]:
    """The layers whose weights may have 4 bits, output tensor → weight tensor, but for those in
    `real`."""
    found = {}
    for index, node in enumerate(graph.nodes):
        dense = node.op == "FULLY_CONNECTED"
        pointwise = node.op == "CONV_2D" and is_pointwise(Site.of(graph, index))
        if (dense or pointwise) and node.outputs[0] not in real:
            found[node.outputs[0]] = node.inputs[1]
    return found


def is_pointwise(site: Site) -> bool:
    """Whether a convolution multiplies each pixel by one matrix."""
    x, w, y = site.input(0).shape, site.input(1).shape, site.output.shape
    return w[1:3] == (1, 1) and x[:3] == y[:3] and w[3] == x[3]


def narrowed(
    graph: Graph,
    losses: Mapping[int, float],
    settings: Settings,
    wide: Collection[int],
    misfit: Callable[[frozenset[int]], str] | None,
    progress: Callable[[float], None],
    real: Collection[int] = frozenset(),
) -> tuple[frozenset[int], Settings, list[str]]:
    """The weight tensors of 4 bits, the settings that repeat this choice, and warnings.

    `losses` are of 4-bit weights, by the layer's output. `misfit` says why the choice of some
    weight tensors still breaks the budget, and gives an empty text once it does not; without it all
    layers are chosen that compute in int8, the layers in `real` being float32. Raises
    QuantizeError for a name in the settings that is no such layer's."""
    found = eligible(graph, real)
    names = {graph.tensors[t].name: t for t in found}
    for name in settings.narrow:
        if name not in names:
            raise QuantizeError(
                f"There is no dense layer or pointwise convolution '{name}'.",
                "Use the names of a recipe.",
            )
    chosen = [names[name] for name in settings.narrow]
    notes = list[str]()
    if settings.int4:
        sixteen = {
            t for n in graph.nodes if set(wide) & {*n.inputs, *n.outputs} for t in n.outputs
        }  # fmt: skip
        order = sorted(
            (t for t in found if t not in chosen and t not in sixteen),
            key=lambda t: losses.get(t, 0.0) / graph.tensors[found[t]].size,
        )

        def breaks(count: int) -> str:
            progress(count / max(len(order), 1))
            assert misfit is not None
            return misfit(frozenset(found[t] for t in (*chosen, *order[:count])))

        fewest, most = 0, len(order)
        if misfit is None:
            fewest = most
        elif why := breaks(most):
            notes = [f"Weights of 4 bits are not enough for the budget: {why}"]
            fewest = most
        while fewest < most:
            middle = (fewest + most) // 2
            fewest, most = (middle + 1, most) if breaks(middle) else (fewest, middle)
        chosen += order[:most]
    fixed = tuple(graph.tensors[t].name for t in found if t in chosen)
    return (
        frozenset(found[t] for t in chosen),
        replace(settings, int4=False, narrow=fixed),
        notes,
    )


def packed_layers(graph: Graph) -> list[str]:
    """The names of an integer graph's layers whose weights have 4 bits."""
    return [
        short_name(graph.tensors[node.outputs[0]].name)
        for node in graph.nodes
        if any(t >= 0 and graph.tensors[t].packed for t in node.inputs)
    ]
