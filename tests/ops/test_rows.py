# SPDX-License-Identifier: Apache-2.0
"""Each operator made one row at a time gives the bytes that it gives at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from edgeinfer.compile import make_plan, scratch_bytes
from edgeinfer.image import pack
from edgeinfer.lower import lower
from edgeinfer.plan import FASTEST, Plan, PlannedStep, check
from edgeinfer.session import Session
from tests.ops.cases import CASES, samples

MODELS = 12  # of each operator


def single_rows(plan: Plan) -> Plan:
    """The same plan with a step for each output row."""
    steps = [row for step in plan.steps for row in _rows(plan, step)]
    return replace(plan, steps=tuple(steps), lives=((),) * len(steps))


def _rows(plan: Plan, step: PlannedStep) -> Iterator[PlannedStep]:
    call = step.call
    if not call.row_bytes or call.more_out or step.is_move:
        yield step
        return
    for y in range(step.y0, step.y1):
        spans = [rows.of(y, y + 1) for rows in call.reads if rows is not None]
        in_y0 = next((first for first, last in spans if first < last), y if spans else 0)
        inputs = list(step.inputs)
        for i, (ref, rows) in enumerate(zip(call.inputs, call.reads, strict=False)):
            stored = plan.program.graph.tensors[plan.program.storage(ref.tensor)]
            if rows is not None and stored.data is None:
                first, last = rows.of(y, y + 1)
                moved = step.inputs[i] + (in_y0 - step.in_y0) * rows.row_bytes
                inputs[i] = moved if first < last else 0
        out = step.out + (y - step.y0) * call.row_bytes
        yield replace(step, y0=y, y1=y + 1, in_y0=in_y0, inputs=tuple(inputs), out=out)


@pytest.mark.parametrize("op", sorted(CASES))
def test_rows_are_made_alone(op: str) -> None:
    rng = np.random.default_rng([11, *op.encode()])
    for _ in range(MODELS):
        graph = CASES[op](rng)
        whole = make_plan(lower(graph), FASTEST)
        rows = single_rows(whole)
        check(rows, scratch_bytes)
        sessions = [Session(pack(made, strip=True)) for made in (whole, rows)]
        for inputs in samples(graph, rng, 2):
            first, second = ([y.tobytes() for y in s.run(inputs)] for s in sessions)
            assert first == second, f"{graph.nodes[0].options} {[t.shape for t in graph.tensors]}"
