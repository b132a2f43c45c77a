# SPDX-License-Identifier: Apache-2.0
"""What would make a plan's arena smaller: of each thing at the peak, what is left without it."""

from __future__ import annotations

from dataclasses import dataclass

from edgeinfer.inspection import short_name
from edgeinfer.plan.layout import SCRATCH, Plan


@dataclass(frozen=True)
class Advice:
    """A thing at the peak that could be smaller, and where the next peak is then."""

    tensor: int  # storage tensor, or SCRATCH
    least: int  # bytes alive at the fullest step if nothing of it were there
    step: int  # that step


def advice(plan: Plan) -> list[Advice]:
    """The things at the peak of which less would make the arena smaller, what helps most first."""
    if not plan.steps:
        return []
    step = plan.peak_step
    found = []
    for tensor in dict.fromkeys(live.tensor for live in plan.live(step)):
        without = [plan.live_bytes(i, tensor) for i in range(len(plan.steps))]
        least = max(without)
        if least < plan.live_bytes(step):
            found.append(Advice(tensor, least, without.index(least)))
    return sorted(found, key=lambda a: a.least)


def sentences(plan: Plan) -> list[str]:
    """What would lower the peak, in words that name the layers."""
    if not plan.steps:
        return []
    found = advice(plan)
    if found:
        return [_sentence(plan, entry) for entry in found]
    most = plan.live_bytes(plan.peak_step)
    layers = [layer_name(plan, i) for i in range(len(plan.steps)) if plan.live_bytes(i) == most]
    names = list(dict.fromkeys(layers))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return [f"nothing alone: {', '.join(names[:3])}{more} need as much each"]


def _sentence(plan: Plan, entry: Advice) -> str:
    peak, least = layer_name(plan, plan.peak_step), f"{entry.least:,}"
    if entry.tensor == SCRATCH:
        what = f"less scratch (at the peak in {peak})"
    else:
        tensor = plan.program.graph.tensors[entry.tensor]
        what = f"a smaller {short_name(tensor.name)} ({_between(plan, entry.tensor)})"
    return f"{what}: down to {least} bytes, then {layer_name(plan, entry.step)} needs the most"


def layer_name(plan: Plan, step: int) -> str:
    """Operator and output of a step's layer."""
    graph, call = plan.program.graph, plan.steps[step].call
    return f"{graph.nodes[call.node].op} {short_name(graph.tensors[call.output.tensor].name)}"


def _between(plan: Plan, tensor: int) -> str:
    """Which layers make and need a tensor."""
    program, node_names = plan.program, plan.program.graph.nodes
    makers = [
        c.node for c in program.calls for r in c.written if program.storage(r.tensor) == tensor
    ]
    readers = [c.node for c in program.calls for r in c.read if program.storage(r.tensor) == tensor]

    def named(nodes: list[int]) -> str:
        several = list(dict.fromkeys(nodes))
        return ", ".join(f"{node_names[n].op} of layer {n}" for n in several[:3])

    made = f"made by {named(makers)}" if makers else "given by the caller"
    return f"{made}, needed by {named(readers)}" if readers else f"{made}, an output"
