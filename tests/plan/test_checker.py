# SPDX-License-Identifier: Apache-2.0
"""The checker finds what is wrong in a plan that was right before it was changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgeinfer.errors import PlanError
from edgeinfer.lower import Program
from edgeinfer.plan import FASTEST, Plan, check, plan
from tests.plan.programs import Builder, moved, places, programs, scratch


def residual() -> Plan:
    b = Builder()
    x, y, z, out = (b.tensor(16) for _ in range(4))
    b.call([x], y, scratch=8)
    b.call([y], z)
    b.call([x, z], out)
    return plan(b.program([x], [out]), scratch, goal=FASTEST)


def test_right() -> None:
    check(residual(), scratch)


def test_value_lost() -> None:
    made = residual()
    with pytest.raises(PlanError, match=r"layer 2 .*'t0' is needed but its byte belongs to 't2'"):
        check(moved(made, 2, places(made)[0]), scratch)


def test_output_over_its_input() -> None:
    made = residual()
    with pytest.raises(PlanError, match=r"layer 1 .*would overwrite its own input 't1'"):
        check(moved(made, 2, places(made)[1]), scratch)


def test_outside_the_arena() -> None:
    with pytest.raises(PlanError, match="leaves the arena"):
        check(replace(residual(), arena_bytes=residual().arena_bytes - 4), scratch)


def test_scratch() -> None:
    made = residual()
    step = replace(made.steps[0], scratch=places(made)[1])
    with pytest.raises(PlanError, match="scratch meets an output"):
        check(replace(made, steps=(step, *made.steps[1:])), scratch)
    with pytest.raises(PlanError, match="scratch"):
        check(made, lambda call: 1000)
    step = replace(made.steps[1], scratch=places(made)[0])
    other = replace(made, steps=(made.steps[0], step, made.steps[2]))
    with pytest.raises(PlanError, match=r"belongs to the scratch \(written layer 1"):
        check(other, lambda call: 4 if call is step.call else scratch(call))


def test_missing_step_and_order() -> None:
    made = residual()
    with pytest.raises(PlanError, match=r"layer 1 .*row 0 of 1 is never made"):
        check(replace(made, steps=(made.steps[0], made.steps[2])), scratch)
    with pytest.raises(PlanError, match="never written"):
        check(replace(made, steps=(made.steps[1], made.steps[0], made.steps[2])), scratch)


def test_in_place_only_where_declared() -> None:
    b = Builder()
    x, y = b.tensor(16), b.tensor(16)
    b.call([x], y, inplace=(0,))
    made = plan(b.program([x], [y]), scratch, goal=FASTEST)
    check(made, scratch)
    larger = replace(made, arena_bytes=32)
    with pytest.raises(PlanError, match="would overwrite its own input"):
        check(moved(larger, y, 4), scratch)
    call = replace(made.steps[0].call, inplace=())
    program = replace(made.program, calls=(call,))
    with pytest.raises(PlanError, match="would overwrite its own input"):
        check(replace(made, program=program, steps=(replace(made.steps[0], call=call),)), scratch)


def test_half_made_concatenation_is_protected() -> None:
    b = Builder()
    x, y, between, both, z = (b.tensor(n) for n in (8, 8, 8, 16, 8))
    b.call([x], both)
    b.call([x], between)
    b.call([y], both, offset=8)
    b.call([both, between], z)
    made = plan(b.program([x, y], [z]), scratch, goal=FASTEST, search=False)
    check(made, scratch)
    with pytest.raises(PlanError, match=r"layer 2 .*'t3' is needed but its byte belongs to 't2'"):
        check(moved(made, between, places(made)[both]), scratch)


def test_variable_must_survive() -> None:
    b = Builder()
    x, state, y = b.tensor(8), b.tensor(8, is_variable=True), b.tensor(8)
    b.call([state, x], y)
    z = b.tensor(8)
    b.call([y], z)
    made = plan(b.program([x], [z]), scratch, goal=FASTEST)
    check(made, scratch)
    with pytest.raises(PlanError, match="after the last step: 't1'"):
        check(moved(made, z, places(made)[state]), scratch)


@given(programs(), st.data())
@settings(max_examples=150, deadline=None)
def test_every_collision_is_found(program: Program, data: st.DataObject) -> None:
    """Move one buffer onto another that must not share bytes: by the lifetimes, it is wrong."""
    made = plan(program, scratch, goal=FASTEST, inplace=False)
    pairs = [
        (a, b)
        for a, (a0, a1) in made.spans.items()
        for b, (b0, b1) in made.spans.items()
        if a != b and max(a0, b0) < min(a1, b1)
    ]
    assume(pairs)
    a, b = data.draw(st.sampled_from(pairs))
    room = replace(made, arena_bytes=made.arena_bytes + 200)
    with pytest.raises(PlanError):
        check(moved(room, a, places(made)[b]), scratch)
