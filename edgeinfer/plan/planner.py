# SPDX-License-Identifier: Apache-2.0
"""Program → plan: lifetimes, the smallest packing of them, and the steps that result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edgeinfer.plan.buffers import Lifetimes, buffers_of
from edgeinfer.plan.layout import Plan, PlannedStep
from edgeinfer.plan.solver import Packing, lower_bound, solve

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call


def plan(
    program: Program,
    scratch: Callable[[Call], int],
    *,
    align: int = 4,
    seconds: float = 5.0,
    progress: Callable[[float], None] | None = None,
    inplace: bool = True,
) -> Plan:
    """The smallest memory plan that is found for executing the calls one after the other.

    `scratch` gives a call's scratch bytes, `align` is bytes, `progress` gets 0..1. Without
    `inplace` no output shares bytes with an input.
    Raises PlanError for a tensor that is read but never written."""
    chosen = buffers_of(program, scratch, inplace)
    half = seconds / 2
    packing = solve(
        chosen.buffers, align, seconds=half if inplace else seconds, progress=_part(progress, 0, 2)
    )
    if inplace:
        # Sharing lengthens lives, which can make a packing larger although less is live.
        apart = buffers_of(program, scratch, False)
        if packing.arena_bytes > lower_bound(apart.buffers, align):
            other = solve(apart.buffers, align, seconds=half, progress=_part(progress, 1, 2))
            if other.arena_bytes < packing.arena_bytes:
                chosen, packing = apart, other
    if progress:
        progress(1.0)
    return _made(program, chosen, packing)


def _part(
    progress: Callable[[float], None] | None, index: int, count: int
) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress((index + share) / count)


def _made(program: Program, lives: Lifetimes, packing: Packing) -> Plan:
    count = len(program.graph.tensors)
    offsets = {t: packing.offsets[b] for t, b in lives.owner.items()}
    for tensor in range(count):
        if (storage := program.storage(tensor)) in lives.owner:
            offsets[tensor] = offsets[storage]
    steps = tuple(
        PlannedStep(
            call,
            0,
            call.rows,
            scratch=packing.offsets.get(count + i, 0),
            scratch_bytes=lives.scratch[i],
        )
        for i, call in enumerate(program.calls)
    )
    return Plan(
        program,
        offsets,
        lives.spans,
        steps,
        packing.arena_bytes,
        packing.lower_bound_bytes,
        packing.optimal,
    )
