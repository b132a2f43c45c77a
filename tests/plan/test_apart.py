# SPDX-License-Identifier: Apache-2.0
"""State apart from the rest of the arena: the same bytes, and models that share the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer.compile import compile_graph, make_plan, scratch_bytes
from edgeinfer.errors import ImageError, ModelError, PlanError
from edgeinfer.firmware.models import Models
from edgeinfer.image import pack
from edgeinfer.lower import lower
from edgeinfer.plan import FASTEST, SMALLEST, check
from edgeinfer.reference import Reference
from edgeinfer.session import FILL, Session
from tests.ops.cases import samples
from tests.optimize.networks import network
from tests.plan.test_stateful import remembering


class Sharing(Session):
    """A model whose state lies elsewhere than the arena, which is also others'."""

    def __init__(self, image: bytes, arena: np.ndarray, state: np.ndarray) -> None:
        super().__init__(image)
        self._shared, self._own = arena, state
        self._model.state = self._ffi.from_buffer("uint8_t[]", state)
        self._arena = self._ffi.from_buffer("uint8_t[]", arena)
        self._view = np.empty(0, np.uint8)
        self.reset()

    def write(self, inputs: Sequence[np.ndarray]) -> None:
        self._view = np.zeros(self.info.arena_bytes, np.uint8)
        super().write(inputs)
        self._shared[:] = FILL  # whatever others left
        rest = self._view[self.info.state_bytes :]
        self._shared[: len(rest)] = rest

    def invoke(self) -> None:
        super().invoke()
        size = self.info.arena_bytes - self.info.state_bytes
        self._view = np.concatenate([self._own, self._shared[:size]])


def aligned(size: int) -> np.ndarray:
    whole = np.zeros(size + 16, np.uint8)
    start = -whole.ctypes.data % 16
    return whole[start : start + size]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([FASTEST, SMALLEST]))
def test_models_that_take_turns_in_one_arena_give_the_references_bytes(seed, goal) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    graphs = [network(seed), remembering(network(seed + 1), rng, 2)]
    graphs.append(remembering(network(seed + 2), rng, 1))
    graphs = [replace(graph, name=f"m{i}") for i, graph in enumerate(graphs)]
    models = Models([compile_graph(g, goal=goal, apart=True).image for g in graphs])
    states = [facts.state_bytes for facts in models.facts]
    assert states[0] == 0 < min(states[1:])
    assert models.arena_bytes < sum(facts.arena_bytes for facts in models.facts)
    arena = aligned(models.arena_bytes - models.state_bytes)
    sessions = [
        Sharing(image, arena, aligned(state))
        for image, state in zip(models.images, states, strict=True)
    ]
    references = [Reference(graph) for graph in graphs]
    for _ in range(3):
        for which in rng.permutation(3):
            (sample,) = samples(graphs[which], rng, 1)
            wanted = [y.tobytes() for y in references[which].run(sample)]
            assert [y.tobytes() for y in sessions[which].run(sample)] == wanted


def test_the_checker_holds_the_state_apart() -> None:
    graph = remembering(network(3), np.random.default_rng(3), 1)
    made = make_plan(lower(graph), apart=True)
    assert made.state_bytes > 0
    with pytest.raises(PlanError, match="its part of it"):  # a variable beyond it
        check(replace(made, state_bytes=made.arena_bytes), scratch_bytes)
    together = make_plan(lower(graph))
    with pytest.raises(PlanError):
        check(replace(together, state_bytes=made.state_bytes), scratch_bytes)


def test_c_refuses_what_reaches_from_one_part_into_another() -> None:
    made = make_plan(lower(network(3)), FASTEST)
    Session(pack(made))
    for parts in ({"state_bytes": 16}, {"fast_bytes": 16}, {"fast_bytes": 17}):
        with pytest.raises(ImageError):
            Session(pack(replace(made, **parts)))


def test_only_models_that_can_share_are_put_together() -> None:
    graph = replace(remembering(network(3), np.random.default_rng(3), 1), name="a")
    with pytest.raises(ModelError, match="Two models"):
        Models([compile_graph(graph, apart=True).image] * 2)
    other = compile_graph(replace(graph, name="b"), apart=True).image
    with pytest.raises(ModelError, match="no part of the arena"):
        Models([compile_graph(graph).image, other])
