# SPDX-License-Identifier: Apache-2.0
"""Plans for a fast and a slow memory: what does not fit the fast one lies in the slow one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgeinfer.compile import compile_graph, make_plan, scratch_bytes
from edgeinfer.errors import PlanError
from edgeinfer.lower import lower
from edgeinfer.plan import SCRATCH, Goal, check, describe
from edgeinfer.reference import Reference
from edgeinfer.session import FILL, Session
from tests.ops.cases import samples
from tests.optimize.networks import Net, network
from tests.plan.test_apart import aligned
from tests.plan.test_stateful import remembering


class Apart(Session):
    """A model whose arena lies in two memories."""

    def __init__(self, image: bytes) -> None:
        super().__init__(image)
        self._fast, self._slow = (
            self.info.fast_bytes,
            aligned(self.info.arena_bytes - self.info.fast_bytes),
        )
        self._slow[:] = FILL
        self._model.slow = self._ffi.from_buffer("uint8_t[]", self._slow)
        self.reset()

    def write(self, inputs) -> None:  # type: ignore[no-untyped-def]
        self._view[self._fast :] = self._slow
        super().write(inputs)
        self._slow[:] = self._view[self._fast :]
        self._view[self._fast :] = FILL  # nothing may be looked for here

    def read(self):  # type: ignore[no-untyped-def]
        assert (self._view[self._fast :] == FILL).all()
        self._view[self._fast :] = self._slow
        return super().read()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([0.2, 0.5, 0.9]), st.integers(0, 2))
def test_divided_plans_give_the_references_bytes(seed: int, share: float, states: int) -> None:
    rng = np.random.default_rng(seed)
    graph = network(seed)
    if states:
        graph = remembering(graph, rng, states)
    whole = make_plan(lower(graph)).arena_bytes
    memories = int(whole * share), 2 * whole + 64
    for goal in (Goal(limit=memories[0], memories=memories), Goal("fast", memories=memories)):
        made = compile_graph(graph, passes=(), goal=goal, apart=states == 2)
        plan = made.plan
        if plan.arena_bytes <= memories[0]:
            continue
        assume(memories[0] >= 32 + plan.state_bytes)
        assert 0 < plan.fast_bytes <= max(memories[0], 16)
        assert plan.arena_bytes - plan.fast_bytes <= memories[1]
        session, reference = Apart(made.image), Reference(graph)
        for sample in samples(graph, rng, 3):
            wanted = [y.tobytes() for y in reference.run(sample)]
            assert [y.tobytes() for y in session.run(sample)] == wanted


def hot() -> Net:
    net = Net(4)
    net.conv(net.conv(net.input(1, 20, 20, 8), 8, 3), 40, 1)
    return net


def test_what_is_used_most_is_fast() -> None:
    net = hot()
    program = lower(net.graph(len(net.tensors) - 1))
    whole = make_plan(program, Goal("fast"))
    made = make_plan(program, Goal("fast", memories=(4_000, 60_000)))
    assert made.arena_bytes > 4_000 >= made.fast_bytes > 0
    last = {live.tensor: live for lives in made.lives for live in lives}
    assert last[SCRATCH].offset < made.fast_bytes  # read again for each pixel
    assert last[program.graph.outputs[0]].offset >= made.fast_bytes  # written once
    assert "in the fast memory" in describe(made) and "in the fast memory" not in describe(whole)
    assert make_plan(program, Goal("fast", memories=(60_000, 60_000))).steps == whole.steps


def test_the_checker_finds_a_tensor_in_both_memories() -> None:
    net = hot()
    made = make_plan(lower(net.graph(len(net.tensors) - 1)), Goal("fast"))
    with pytest.raises(PlanError, match="leaves the arena"):
        check(replace(made, fast_bytes=made.arena_bytes // 2 // 16 * 16), scratch_bytes)
