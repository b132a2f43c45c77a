# SPDX-License-Identifier: Apache-2.0
"""The packing: valid, never below the bound, the true optimum, and proven so."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings

from edgeinfer.plan import Buffer, Packing, solve
from edgeinfer.plan.search import Problem, Search, priorities
from edgeinfer.plan.section import sections
from tests.pack_instances import CAPACITY, hard
from tests.plan.programs import buffers, cut_rectangle, exists, filled


def assert_valid(found: list[Buffer], packing: Packing, align: int) -> None:
    for i, a in enumerate(found):
        start = packing.offsets[a.id]
        assert start % align == 0 and start >= 0 and start + a.size <= packing.arena_bytes
        for b in found[:i]:
            apart = a.last < b.first or b.last < a.first
            other = packing.offsets[b.id]
            assert apart or start + a.size <= other or other + b.size <= start
    assert packing.arena_bytes >= packing.lower_bound_bytes


def test_nothing() -> None:
    assert solve([]) == Packing({}, 0, 0, True)


def test_minimalloc_readme_example() -> None:
    # The five buffers of google/minimalloc's README: 12 bytes; its upper bounds are exclusive.
    lives = [(0, 2, 4), (3, 8, 4), (0, 8, 4), (9, 20, 4), (0, 20, 4)]
    found = [Buffer(i, size, first, last) for i, (first, last, size) in enumerate(lives)]
    packing = solve(found)
    assert_valid(found, packing, 4)
    assert (packing.arena_bytes, packing.optimal) == (12, True)


@given(buffers())
@settings(max_examples=150, deadline=None)
def test_valid_for_any_buffers(found: list[Buffer]) -> None:
    for align in (1, 4, 16):
        packing = solve(found, align=align)
        assert_valid(found, packing, align)
        assert packing.optimal and packing.arena_bytes % align == 0


@given(buffers(most=7, size=4))
@settings(max_examples=150, deadline=None)
def test_equals_brute_force(found: list[Buffer]) -> None:
    height = solve(found, align=1).arena_bytes
    solid = [b for b in found if b.size]
    assert exists(solid, height)
    assert not solid or not exists(solid, height - 1)


# Fully used at every step, and yet not to be packed without one unit more: (size, first, last).
GAPS = [
    (4, "200 201 212 123 124 144 135 155 158 199 26c 13d 1ad 2dh 2eh 2ii 1ii 1ii"),
    (7, "100 201 112 222 303 103 244 235 136 156 247 277 168 168 159 489 199 199"),
    (6, "200 111 113 404 145 126 156 177 177 288 159 169 1aa 25b 1ac 1bc 2cc 29d 2dd 2dd"),
]


@pytest.mark.parametrize(("bound", "text"), GAPS)
def test_optimum_above_the_bound_is_proven(bound: int, text: str) -> None:
    rows = [[int(c, 36) for c in word] for word in text.split()]
    found = [Buffer(i, *row) for i, row in enumerate(rows)]
    packing = solve(found, align=1)
    assert_valid(found, packing, 1)
    assert (packing.lower_bound_bytes, packing.arena_bytes) == (bound, bound + 1)
    assert packing.optimal and not exists(found, bound)


def test_search_agrees_with_brute_force_at_every_height() -> None:
    for seed in range(60):
        found = filled(8, 6, seed)
        (section,) = sections([*found, Buffer(99, 1, 0, 99)], 1, {})
        problem = Problem(section)
        for height in (section.lower - 1, section.lower, section.lower + 1):
            answers = set()
            for number in range(6):
                search = Search(problem, height)
                search.restart(priorities(section, number), number % 3, number)
                answers.add(search.run(10**9))
            assert answers == {exists([*found, Buffer(99, 1, 0, 99)], height)}


@pytest.mark.parametrize("seed", range(8))
def test_sixty_buffers_fill_every_byte(seed: int) -> None:
    found = cut_rectangle(60, 1024, seed)
    packing = solve(found, align=1, seconds=30)
    assert_valid(found, packing, 1)
    assert (packing.arena_bytes, packing.optimal) == (1024, True)


@pytest.mark.parametrize(("number", "density"), [(1, 0.5), (2, 1.0), (3, 2.0)])
def test_a_hundred_and_fifty_four_buffers_fill_every_byte(number: int, density: float) -> None:
    found = hard(154, number, density)
    packing = solve(found, align=1, seconds=60, nodes=10**7)
    assert_valid(found, packing, 1)
    assert (packing.arena_bytes, packing.optimal) == (CAPACITY, True)


def test_less_than_the_lower_bound_is_refuted_at_once() -> None:
    found = hard(154, 1)
    packing = solve(found, align=1, capacity=CAPACITY - 1, seconds=0.01)
    assert packing.fits(CAPACITY - 1) is False


def test_same_result_each_time() -> None:
    found = cut_rectangle(50, 1000, 99)
    assert solve(found, align=1) == solve(found, align=1)


def test_time_limit_holds_and_is_honest() -> None:
    found = cut_rectangle(154, 1024, 1)
    start = time.monotonic()
    packing = solve(found, align=1, seconds=0.3)
    assert time.monotonic() - start < 3
    assert_valid(found, packing, 1)
    assert packing.optimal == (packing.arena_bytes == 1024)


def test_an_unproven_section_leaves_the_whole_unproven() -> None:
    hard = cut_rectangle(154, 1024, 1)
    size = solve(hard, align=1, seconds=0.001).arena_bytes
    assert size > 1024
    # A second section exactly as high as what was reached proves nothing about the first.
    later = [Buffer(999, size - 30, 500, 501), Buffer(1000, 30, 500, 500)]
    packing = solve([*hard, *later], align=1, seconds=0.001)
    assert packing.optimal == (packing.arena_bytes == packing.lower_bound_bytes)


def test_capacity() -> None:
    found = [Buffer(0, 10, 0, 1), Buffer(1, 10, 1, 2)]
    assert solve(found, capacity=24).fits(24) is True
    assert solve(found, capacity=23).fits(23) is False
    hard = cut_rectangle(154, 1024, 1)
    assert solve(hard, align=1, capacity=1024, seconds=0.001).fits(1024) is None


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    solve(cut_rectangle(60, 1024, 3), align=1, progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0 and shares[0] >= 0
