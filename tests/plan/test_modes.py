# SPDX-License-Identifier: Apache-2.0
"""Random networks through planner, checker and C library: the reference's bytes for every goal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeinfer.boards.board import LAYOUTS
from edgeinfer.compile import compile_graph, make_plan, scratch_bytes
from edgeinfer.errors import PlanError
from edgeinfer.image import pack
from edgeinfer.lower import lower
from edgeinfer.ops.base import Call, Ref
from edgeinfer.plan import FASTEST, SMALLEST, Goal, Plan, PlannedStep, check, plan
from edgeinfer.reference import run
from edgeinfer.session import Session
from tests.ops.cases import samples
from tests.optimize.networks import network
from tests.plan.programs import Builder


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
@example(46189)  # filters of a few channels behind an odd number of bytes
def test_every_goal_gives_the_references_bytes(seed: int) -> None:
    graph = network(seed)
    fast, least = (compile_graph(graph, goal=goal) for goal in (FASTEST, SMALLEST))
    between = (fast.plan.arena_bytes + least.plan.arena_bytes) // 2
    limited = compile_graph(graph, goal=Goal(limit=between))
    assert least.plan.arena_bytes <= fast.plan.arena_bytes
    assert limited.plan.arena_bytes <= fast.plan.arena_bytes
    others = [compile_graph(graph, layout=layout).image for layout in LAYOUTS[1:]]
    for sample in samples(graph, np.random.default_rng(seed), 2):
        wanted = [y.tobytes() for y in run(graph, sample)]
        for made in (fast, least, limited):
            for backend in ("host", "dsp"):
                got = Session(made.image, backend).run(sample)
                assert [y.tobytes() for y in got] == wanted
        for image in others:
            assert [y.tobytes() for y in Session(image).run(sample)] == wanted


def test_a_plan_within_the_limit_is_not_made_smaller() -> None:
    graph = network(5)
    fast = make_plan(lower(graph), FASTEST)
    limited = make_plan(lower(graph), Goal(limit=fast.arena_bytes))
    assert pack(limited) == pack(fast)


def moving(size: int, source: int, target: int) -> Plan:
    """A plan that moves its input and does nothing else."""
    b = Builder()
    x = b.tensor(size)
    b.name(x)
    made = plan(b.program([x], [x]), scratch_bytes)
    call = Call("move", {"bytes": size}, (Ref(x),), Ref(x), row_bytes=size, node=0)
    step = PlannedStep(call, 0, 1, (source,), target)
    return Plan(made.program, (step,), {x: source}, {x: target}, ((),), 400, 0, False)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 64, 67])
@pytest.mark.parametrize("target", [0, 4, 99, 101, 104, 112, 180, 301])
def test_a_move_keeps_the_bytes_it_overlaps(size: int, target: int) -> None:
    for source in (100, 103):
        made = moving(size, source, target)
        values = np.arange(size, dtype=np.int8)
        for backend in ("host", "dsp"):
            session = Session(pack(made, strip=True), backend)
            assert session.run([values])[0].tobytes() == values.tobytes()


def test_the_checker_follows_a_move() -> None:
    made = moving(16, 100, 104)
    check(made, scratch_bytes)
    wrong = Plan(made.program, made.steps, made.begin, {0: 100}, ((),), 400, 0, False)
    with pytest.raises(PlanError, match="'t0' is needed but its byte belongs to 't0'"):
        check(wrong, scratch_bytes)
