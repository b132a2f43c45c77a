# SPDX-License-Identifier: Apache-2.0
"""Graph → image that is ready to run: optimized, lowered, planned, packed, with its self-test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeinfer import image as images
from edgeinfer import native
from edgeinfer.boards.board import LAYOUTS
from edgeinfer.graph import Graph
from edgeinfer.lower import Program, lower
from edgeinfer.ops.base import Call
from edgeinfer.optimize import Optimized, optimize
from edgeinfer.plan import SMALLEST, Goal, Plan, check, plan
from edgeinfer.session import Session


@dataclass(frozen=True)
class Compiled:
    """A model made ready: the plan for people, the image for the C library."""

    plan: Plan
    image: bytes
    optimized: Optimized


def scratch_bytes(call: Call) -> int:
    """Bytes of scratch of one kernel call."""
    return native.scratch_bytes(call.kernel, call.params)


def make_plan(
    program: Program,
    goal: Goal = SMALLEST,
    seconds: float = 5.0,
    progress: Callable[[float], None] | None = None,
    apart: bool = False,
) -> Plan:
    """The memory plan of a program that is best for a goal, checked byte by byte; `apart` as `plan`
    has it.

    Raises PlanError when the checker finds it wrong."""
    made = plan(program, scratch_bytes, goal=goal, seconds=seconds, progress=progress, apart=apart)
    check(made, scratch_bytes, program)
    return made


def compile_graph(
    graph: Graph,
    *,
    strip: bool = True,
    passes: Sequence[str] | None = None,
    goal: Goal = SMALLEST,
    layout: str = LAYOUTS[0],
    apart: bool = False,
) -> Compiled:
    """The plan and image of an int8 graph; `passes` of the optimizer, by default all. An image that
    is not stripped has the layers' names, for programs of one's own that profile it.

    `layout` of filters is the one for the board. Every core runs any, to the same bytes. With
    `apart` the state has a part of the arena for itself, as models in one firmware need it.
    Raises UnsupportedError naming the layer that no kernel runs."""
    optimized = optimize(graph, passes)
    made = make_plan(lower(optimized.graph, layout), goal, apart=apart)
    unsealed = images.pack(made, target=LAYOUTS.index(layout), strip=strip)
    crc = Session(unsealed).selftest_crc()
    return Compiled(made, images.with_selftest(unsealed, crc), optimized)
