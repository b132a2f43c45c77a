# SPDX-License-Identifier: Apache-2.0
"""The order of execution: the best of all for small programs, bit-exact for any network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer.compile import make_plan, scratch_bytes
from edgeinfer.errors import PlanError
from edgeinfer.graph import Graph
from edgeinfer.lower import Program, lower
from edgeinfer.plan import FASTEST, check, describe, plan
from edgeinfer.plan import order as orders
from edgeinfer.plan.schedule import layers, order
from edgeinfer.plan.timeline import timeline
from tests.optimize.networks import Net
from tests.plan.goals import gives_the_references_bytes
from tests.plan.programs import Builder, programs, scratch
from tests.plan.test_stateful import remembering


def fan(seed: int, branches: int, depthwise: bool = True) -> Graph:
    """Branches that widen a map and narrow it again, all laid side by side; breadth first, as some
    converters write them: all are wide before the first is narrow."""
    net = Net(seed)
    wide = [net.conv(net.input(1, 12, 12, 2), 24, 1)]
    x = net.inputs[0]
    wide += [net.conv(x, 24, 1) for _ in range(branches - 1)]
    if depthwise:
        wide = [net.depthwise(each) for each in wide]
    narrow = [net.conv(each, 3, 1) for each in wide]
    for each in narrow[1:]:
        net.tensors[each] = replace(net.tensors[each], quant=net.tensors[narrow[0]].quant)
    return net.graph(net.concat(*narrow))


def branched(seed: int) -> Graph:
    """A random network of cells with two to four branches, its layers in a random legal order."""
    net = Net(seed)
    rng = net.random
    made = [net.input(1, int(rng.integers(3, 8)), int(rng.integers(3, 8)), int(rng.integers(1, 4)))]
    for _ in range(int(rng.integers(1, 3))):  # a third takes the planner three times as long
        ends, channels = [], int(rng.integers(1, 7))
        for _ in range(int(rng.integers(2, 5))):
            y = net.conv(made[int(rng.integers(0, len(made)))], int(rng.integers(1, 25)), 1)
            if rng.random() < 0.5:
                y = net.depthwise(y) if rng.random() < 0.5 else net.unary("RELU", y)
            ends.append(net.conv(y, channels, int(rng.choice([1, 3]))))
        if rng.random() < 0.5:
            for each in ends[1:]:
                net.tensors[each] = replace(net.tensors[each], quant=net.tensors[ends[0]].quant)
            made.append(net.concat(*ends))
        else:
            total = ends[0]
            for each in ends[1:]:
                total = net.binary("ADD", total, each, fused_activation_function=0)
            made.append(total)
    outputs = [made[-1]]
    if rng.random() < 0.3:
        outputs.append(made[int(rng.integers(1, len(made)))])
    graph = net.graph(*dict.fromkeys(outputs))
    return replace(graph, nodes=tuple(shuffled(graph, rng)))


def shuffled(graph: Graph, rng: np.random.Generator) -> Iterator[object]:
    made = {*graph.inputs, *(i for i, t in enumerate(graph.tensors) if t.data is not None)}
    rest = list(graph.nodes)
    while rest:
        ready = [node for node in rest if made.issuperset(node.inputs)]
        node = ready[int(rng.integers(0, len(ready)))]
        rest.remove(node)
        made.update(node.outputs)
        yield node


def legal(program: Program) -> Iterator[tuple[int, ...]]:
    for way in itertools.permutations(range(len(program.calls))):
        try:
            check_order(replace(program, calls=tuple(program.calls[i] for i in way)), program)
        except PlanError:
            continue
        yield way


def check_order(program: Program, source: Program) -> None:
    """By the checker, which does not know the search."""
    made = plan(program, scratch, seconds=0.1)
    check(replace(made, program=program), scratch, source)


def height(program: Program) -> int:
    """Bytes alive at the fullest instant, all layers one after the other."""
    actions = [make for stage in layers(program) for make in order(program, stage)]
    return int(timeline(program, actions, scratch).load().max(initial=0))


@settings(deadline=None, max_examples=15)
@given(programs().filter(lambda program: len(program.calls) <= 5))
def test_no_legal_order_is_better(program: Program) -> None:
    found = orders.best_order(program, scratch)
    assert found.optimal
    made = [program.storage(ref.tensor) for call in program.calls for ref in call.written]
    once = len(made) == len(set(made))  # else tensors count whole before they are
    best = found.of(program)
    check_order(best, program)
    if len(program.calls) > 1 and once and found.height:
        assert height(best) == found.height
        assert height(best) == min(
            height(replace(program, calls=tuple(program.calls[i] for i in way)))
            for way in legal(program)
        )
    assert found.height <= found.file_height


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32), st.booleans())
def test_every_goal_gives_the_references_bytes(seed: int, states: bool) -> None:
    graph = branched(seed)
    rng = np.random.default_rng(seed)
    if states:
        graph = remembering(graph, rng, 2)
    gives_the_references_bytes(graph, rng, 2)


def test_branches_run_one_after_the_other_where_that_needs_less() -> None:
    program = lower(fan(1, 6))
    made = make_plan(program, FASTEST)
    assert made.order is not None and made.order.changed and made.order.optimal
    assert made.order.height < made.order.file_height / 2
    own = plan(program, scratch_bytes, goal=FASTEST, search=False)
    assert made.arena_bytes < own.arena_bytes / 2
    assert "Another order than the file's" in describe(made)
    assert "no order needs less" in describe(made)


def test_many_branches_end_without_a_proof_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_MOST", 2_000)
    program = lower(fan(2, 14))
    found = orders.best_order(program, scratch_bytes)
    assert found.changed and not found.optimal and found.height < found.file_height
    check(replace(plan(found.of(program), scratch_bytes)), scratch_bytes, program)


def test_the_checker_refuses_another_meaning() -> None:
    b = Builder()
    x, state = b.tensor(8), b.tensor(8, is_variable=True)
    y, z = b.tensor(8), b.tensor(8)
    b.call([x, state], y)
    b.call([x], state)  # the state is written after it was read
    b.call([y], z)
    program = b.program([x], [z])
    for way in ((1, 0, 2), (0, 2)):
        with pytest.raises(PlanError, match=r"too early or too late|other calls"):
            wrong = replace(program, calls=tuple(program.calls[i] for i in way))
            check(plan(wrong, scratch, search=False), scratch, program)
    assert orders.best_order(program, scratch).calls in ((0, 1, 2), (0, 2, 1))
