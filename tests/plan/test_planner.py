# SPDX-License-Identifier: Apache-2.0
"""Lifetimes, sharing and the finished plan."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings

from edgeinfer.errors import PlanError
from edgeinfer.lower import Program
from edgeinfer.plan import FASTEST, SCRATCH, Goal, Live, check, describe, plan
from edgeinfer.plan.schedule import Make
from edgeinfer.plan.timeline import FAR, timeline
from tests.plan.programs import Builder, places, programs, scratch


def chain(inplace: tuple[int, ...] = ()) -> Program:
    b = Builder()
    x, y, z = b.tensor(100), b.tensor(100), b.tensor(20)
    b.call([x], y, inplace=inplace)
    b.call([y], z)
    return b.program([x], [z])


def test_chain() -> None:
    made = plan(chain(), scratch)
    assert (made.arena_bytes, made.lower_bound_bytes, made.optimal) == (200, 200, True)
    assert made.peak_step == 0 and [s.y1 for s in made.steps] == [1, 1]
    assert made.spans == {0: (0, 0), 1: (0, 1), 2: (1, 1)}


def test_in_place() -> None:
    made = plan(chain((0,)), scratch)
    assert made.arena_bytes == 120 and places(made)[0] == places(made)[1]
    assert made.live_bytes(0) == 100 and made.live_bytes(1) == 120
    assert plan(chain((0,)), scratch, inplace=False).arena_bytes == 200


@pytest.mark.parametrize("why", ["read later", "output", "variable", "twice"])
def test_not_in_place(why: str) -> None:
    b = Builder()
    x = b.tensor(40, is_variable=why == "variable")
    y, z = b.tensor(40), b.tensor(40)
    b.call([x, x] if why == "twice" else [x], y, inplace=(0,))
    b.call([y, x] if why == "read later" else [y], z)
    program = b.program([x], [z, x] if why == "output" else [z])
    made = plan(program, scratch, goal=FASTEST)
    check(made, scratch)
    assert abs(places(made)[x] - places(made)[y]) >= 40


def test_both_reads_in_place() -> None:
    b = Builder()
    x, y = b.tensor(40), b.tensor(40)
    b.call([x, x], y, inplace=(0, 1))
    assert plan(b.program([x], [y]), scratch).arena_bytes == 40


def test_never_in_place_into_a_concatenation() -> None:
    b = Builder()
    x, y, both = b.tensor(8), b.tensor(8), b.tensor(16)
    b.call([x], both, inplace=(0,))
    b.call([y], both, offset=8, inplace=(0,))
    made = plan(b.program([x, y], [both]), scratch)
    check(made, scratch)
    assert made.arena_bytes == 32


def test_sharing_never_raises_the_peak() -> None:
    b = Builder()
    big, small, wide = b.tensor(100), b.tensor(10), b.tensor(100)
    b.call([big], small)
    b.call([small], wide, inplace=(0,))
    program = b.program([big], [wide])
    assert plan(program, scratch).arena_bytes == 112  # 10 rounded up to 4, beside 100


def test_alias_keeps_the_bytes_alive() -> None:
    b = Builder()
    x, y = b.tensor(16), b.tensor(16)
    b.call([x], y)
    view = b.name(y)
    z = b.tensor(16)
    b.call([x], z)
    last = b.tensor(4)
    b.call([view, z], last)
    made = plan(b.program([x], [last]), scratch)
    assert made.spans[y] == (0, 2)
    assert made.steps[2].inputs[0] == made.steps[0].out


def test_scratch_lives_at_its_step_only() -> None:
    b = Builder()
    x, y, z = b.tensor(8), b.tensor(8), b.tensor(8)
    b.call([x], y, scratch=30)
    b.call([y], z)
    made = plan(b.program([x], [z]), scratch)
    assert made.arena_bytes == 48
    assert Live(SCRATCH, made.steps[0].scratch, 30) in made.live(0)
    assert all(e.tensor != SCRATCH for e in made.live(1))


def test_constants_variables_inputs_and_outputs() -> None:
    b = Builder()
    x, unread, state = b.tensor(8), b.tensor(4), b.tensor(12, is_variable=True)
    weights, y, z = b.tensor(4, data=np.zeros(4, np.int8)), b.tensor(8), b.tensor(8)
    b.call([x, weights], y)
    b.call([y, state], z)
    made = plan(b.program([x, unread], [y, z]), scratch)
    check(made, scratch)
    assert weights not in made.begin and set(made.begin) == {x, unread, state}
    assert set(made.end) == {state, y, z} and made.begin[state] == made.end[state]
    assert made.spans == {x: (0, 0), state: (0, 1), y: (0, 1), z: (1, 1)}


def test_read_before_written() -> None:
    b = Builder()
    x, y, z = b.tensor(8), b.tensor(8), b.tensor(8)
    b.call([y], z)
    with pytest.raises(PlanError, match="'t1' is read by layer 0"):
        plan(b.program([x], [z]), scratch)
    with pytest.raises(PlanError, match="Output 't1' is not written"):
        plan(Builder([*b.tensors]).program([x], [y]), scratch)


def test_no_calls() -> None:
    b = Builder()
    x = b.tensor(8)
    view = b.name(x)
    made = plan(b.program([x], [view]), scratch)
    check(made, scratch)
    assert made.arena_bytes == 8 and made.end[view] == 0
    assert "Nothing" in describe(made)


def test_a_tensor_made_in_parts_stays_whole_between_them() -> None:
    b = Builder()
    x, parts, beside, out = b.tensor(1), b.tensor(2), b.tensor(4), b.tensor(4)
    b.call([x], parts)
    b.call([x], beside)
    b.call([beside], out)
    b.call([x], parts, offset=1)  # nobody reads it, but the first part is not to be lost
    line = timeline(b.program([x], [out]), [Make(i, 0, 1) for i in range(4)], scratch)
    of_parts = line.buffer_at(parts, 0)
    assert line.hi[of_parts].tolist() == [-FAR, 2, 2, 2, 2, -FAR]


@given(programs())
@settings(max_examples=150, deadline=None)
def test_any_program_is_planned_right(program: Program) -> None:
    # One in some thousands of programs needs more nodes for its proof than a plan usually gets.
    patient = functools.partial(plan, program, scratch, seconds=50.0)
    fast, made = (patient(goal=goal) for goal in (FASTEST, Goal()))
    apart = patient(goal=FASTEST, inplace=False)
    for each in (fast, made, apart):
        check(each, scratch)
        assert all(each.live_bytes(i) <= each.arena_bytes for i in range(len(each.steps)))
        assert each.lower_bound_bytes <= each.arena_bytes
        assert all(len(line) <= 100 for line in describe(each).splitlines())
    assert fast.optimal and apart.optimal
    assert made.arena_bytes <= fast.arena_bytes <= apart.arena_bytes


def test_description() -> None:
    text = describe(plan(chain((0,)), scratch))
    assert "Arena 120 bytes, lower bound 120, 2 steps (proven smallest" in text
    assert "Peak of 120 bytes at step 1, OP t2:" in text
    assert "◀" in text and "█" in text
