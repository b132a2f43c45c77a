# SPDX-License-Identifier: Apache-2.0
"""Pairs of buffers that may overlap in part, or must keep away from each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer.errors import PlanError
from edgeinfer.plan import Buffer, Packing, solve
from tests.plan.programs import buffers

Given = Mapping[tuple[int, int], int | None]


def allowed(a: Buffer, b: Buffer, at: int, bt: int, distances: Given) -> bool:
    """Whether the two may start at `at` and `bt`, as the documentation has it."""
    pair = (a.id, b.id)
    told = pair in distances or pair[::-1] in distances
    if not told and (a.last < b.first or b.last < a.first):
        return True
    up, down = distances.get(pair, a.size), distances.get(pair[::-1], b.size)
    return (up is not None and bt - at >= up) or (down is not None and at - bt >= down)


def assert_kept(found: Sequence[Buffer], packing: Packing, distances: Given, align: int) -> None:
    for a, b in itertools.combinations([b for b in found if b.size], 2):
        assert allowed(a, b, packing.offsets[a.id], packing.offsets[b.id], distances), (a, b)
    for a in found:
        at = packing.offsets[a.id]
        assert at >= 0 and at % align == 0 and at + a.size <= packing.arena_bytes
    assert packing.lower_bound_bytes <= packing.proven_bytes <= packing.arena_bytes
    assert packing.optimal == (packing.proven_bytes == packing.arena_bytes)


def smallest(found: Sequence[Buffer], distances: Given, most: int) -> int | None:
    """The smallest arena by trying every offset; None if it is above `most`."""
    solid = [b for b in found if b.size]

    def fits(index: int, at: list[int], height: int) -> bool:
        if index == len(solid):
            return True
        b = solid[index]
        return any(
            all(allowed(a, b, x, offset, distances) for a, x in zip(solid, at, strict=False))
            and fits(index + 1, [*at, offset], height)
            for offset in range(height - b.size + 1)
        )

    return next((h for h in range(most + 1) if fits(0, [], h)), None)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Buffer], dict[tuple[int, int], int | None]]:
    found = draw(buffers(most=6, size=4))
    ids = [b.id for b in found]
    distances: dict[tuple[int, int], int | None] = {}
    if len(ids) > 1:
        pairs = st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(lambda p: p[0] != p[1])
        values = st.integers(-3, 6)
        distances |= draw(st.dictionaries(pairs, values, max_size=4))
    return found, distances


@given(problems())
@settings(max_examples=400, deadline=None)
def test_equals_brute_force(
    problem: tuple[list[Buffer], dict[tuple[int, int], int | None]],
) -> None:
    found, distances = problem
    packing = solve(found, align=1, distances=distances)
    assert_kept(found, packing, distances, 1)
    best = smallest(found, distances, packing.arena_bytes)
    assert best is not None and packing.proven_bytes <= best
    if packing.optimal:
        assert packing.arena_bytes == best


@given(problems())
@settings(max_examples=100, deadline=None)
def test_alignment(problem: tuple[list[Buffer], dict[tuple[int, int], int | None]]) -> None:
    found, distances = problem
    assert_kept(found, solve(found, align=4, distances=distances), distances, 4)


def test_an_output_that_follows_its_input() -> None:
    # The output may start 3 below the input's start at the least: it overwrites what was read.
    found = [Buffer(0, 10, 0, 1), Buffer(1, 10, 1, 2)]
    packing = solve(found, align=1, distances={(1, 0): 3})
    assert (packing.arena_bytes, packing.optimal) == (13, True)
    assert packing.offsets == {0: 3, 1: 0}
    # Or even above it, by up to 2: both fit in what the input needs, and the output ends above.
    packing = solve(found, align=1, distances={(1, 0): -2})
    assert (packing.arena_bytes, packing.optimal) == (10, True)


def test_a_chain_of_overlaps() -> None:
    found = [Buffer(i, 100, i, i + 1) for i in range(8)]
    packing = solve(found, align=4, distances={(i + 1, i): 8 for i in range(7)})
    assert_kept(found, packing, {(i + 1, i): 8 for i in range(7)}, 4)
    assert (packing.arena_bytes, packing.optimal) == (156, True)


def test_forbidden_order() -> None:
    found = [Buffer(0, 10, 0, 1), Buffer(1, 20, 1, 2)]
    packing = solve(found, align=1, distances={(0, 1): None})
    assert packing.offsets == {1: 0, 0: 20} and packing.optimal


def test_forbidden_both_ways() -> None:
    found = [Buffer(0, 10, 0, 1), Buffer(1, 20, 1, 2)]
    with pytest.raises(PlanError, match="No packing was found"):
        solve(found, distances={(0, 1): None, (1, 0): None}, seconds=0.2)


def test_apart_though_never_together() -> None:
    found = [Buffer(0, 10, 0, 0), Buffer(1, 10, 5, 5)]
    assert solve(found, align=1).arena_bytes == 10
    assert solve(found, align=1, distances={(0, 1): 12}).arena_bytes == 20
    packing = solve(found, align=1, distances={(0, 1): 12, (1, 0): 14})
    assert (packing.arena_bytes, packing.optimal) == (22, True)
