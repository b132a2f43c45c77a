# SPDX-License-Identifier: Apache-2.0
"""In which order the steps of a plan may execute: resets apart, and through jumps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edgeinfer.plan.layout import Plan, PlannedStep

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call

JUMP = "jump"  # the kernel


def has_jumps(program: Program) -> bool:
    """Whether calls may run more or less than once: rows and moves are then left alone."""
    return any(call.kernel == JUMP for call in program.calls)


def first_steps(plan: Plan) -> list[int]:
    """For each call, and for the end, the step that begins it."""
    number = {id(call): i for i, call in enumerate(plan.program.calls)}
    first = [len(plan.steps)] * (len(number) + 1)
    for i, step in reversed(list(enumerate(plan.steps))):
        if id(step.call) in number:
            first[number[id(step.call)]] = i
    first[0] = 0
    for i in range(len(number) - 1, 0, -1):  # a call without steps begins where the next does
        first[i] = min(first[i], first[i + 1])
    return first


def forgotten(program: Program, call: Call) -> set[int]:
    """The storage tensors that a jump back leaves without a value: those made in its loop only."""
    if call.kernel != JUMP:
        return set()
    index = next(i for i, other in enumerate(program.calls) if other is call)
    loop = range(call.params["target"], index + 1)
    inside: set[int] = set()
    outside: set[int] = set()
    for i, other in enumerate(program.calls):
        (inside if i in loop else outside).update(program.storage(r.tensor) for r in other.written)
    return inside - outside


def walks(plan: Plan) -> Iterator[list[PlannedStep]]:
    """Executions of one inference that take every way: loops twice, not at all, and once."""
    choices: list[Callable[[int], bool]] = [lambda seen: seen >= 2]
    if has_jumps(plan.program):
        choices += [lambda seen: seen % 2 == 0, lambda seen: seen % 2 == 1]
    first = first_steps(plan)
    for leaves in choices:
        yield list(_walk(plan, first, leaves))


def resets(plan: Plan) -> list[PlannedStep]:
    """The steps that put the state to its start."""
    return list(plan.steps[: first_steps(plan)[plan.program.resets]])


def _walk(plan: Plan, first: list[int], leaves: Callable[[int], bool]) -> Iterator[PlannedStep]:
    seen: dict[int, int] = {}
    i = first[plan.program.resets]
    while i < len(plan.steps):
        step = plan.steps[i]
        yield step
        i += 1
        if step.call.kernel == JUMP:
            times = seen.get(i, 0)
            seen[i] = times + 1
            if step.call.params["always"] or leaves(times):
                i = first[step.call.params["target"]]
