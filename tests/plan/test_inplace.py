# SPDX-License-Identifier: Apache-2.0
"""Convolutions whose output takes the place of their input: on every core's loops, bit-exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer.compile import compile_graph, scratch_bytes
from edgeinfer.errors import PlanError
from edgeinfer.plan import FASTEST, SMALLEST, Plan, check
from edgeinfer.reference import run
from edgeinfer.session import Session
from tests.ops.cases import samples
from tests.optimize.networks import Net
from tests.plan.programs import places


def net(seed: int, *shape: int) -> Net:
    made = Net(seed)
    made.input(*shape)
    return made


def same_bytes(net: Net, output: int, seed: int) -> list[Plan]:
    """The plans for both goals, whose images give the reference's bytes on all loops."""
    graph = net.graph(output)
    made = [compile_graph(graph, goal=goal, passes=()) for goal in (FASTEST, SMALLEST)]
    for sample in samples(graph, np.random.default_rng(seed), 2):
        wanted = [y.tobytes() for y in run(graph, sample)]
        for compiled in made:
            for backend in ("host", "dsp", "armv6m"):
                assert [y.tobytes() for y in Session(compiled.image, backend).run(sample)] == wanted
    return [compiled.plan for compiled in made]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 7), st.integers(1, 7), st.integers(1, 9))
def test_a_pointwise_convolution_lies_over_its_input(
    seed: int, height: int, width: int, channels: int
) -> None:
    made = net(seed, 1, height, width, channels + 2)
    x = made.conv(made.inputs[0], channels, 1)
    (fast, _) = same_bytes(made, x, seed)
    (call,) = fast.program.calls
    if call.kernel == "conv_2d_pairs" and height * width >= 4:
        size = height * width * (channels + 2)
        assert fast.arena_bytes <= -(-size // 4) * 4 + scratch_bytes(call)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32),
    st.integers(1, 9),
    st.integers(1, 18),
    st.sampled_from([4, 5, 6, 8, 12, 16]),
)
def test_depthwise_rows_slide_over_rows_in_use(
    seed: int, height: int, width: int, channels: int
) -> None:
    made = net(seed, 1, height, width, channels)
    x = made.inputs[0]
    for _ in range(2):
        x = made.conv(made.depthwise(x), channels, 1)
    same_bytes(made, x, seed)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32),
    st.sampled_from([8, 9, 15, 24, 32, 33, 50]),
    st.integers(1, 17),
    st.sampled_from([4, 5, 8, 12, 16, 32]),
)
def test_depthwise_lines_lie_over_their_input(
    seed: int, length: int, taps: int, channels: int
) -> None:
    made = net(seed, 1, length, 1, channels)
    x = made.inputs[0]
    for _ in range(2):
        x = made.conv(made.depthwise(x, size=(taps, 1)), channels, 1)
    (fast, _) = same_bytes(made, x, seed)
    (line, *_) = (s for s in fast.steps if s.call.kernel.startswith("depthwise"))
    if line.call.kernel == "depthwise_conv_line" and length <= 32 and channels % 4 == 0:
        assert line.out == line.inputs[0]  # all of four channels is read before they are written


def tall(channels: int = 16) -> Plan:
    """The smallest plan of a network in which depthwise rows are the peak."""
    made = net(3, 1, 20, 5, channels)
    x = made.depthwise(made.conv(made.inputs[0], channels, 1))
    return compile_graph(made.graph(made.conv(x, channels, 1)), passes=()).plan


def test_a_depthwise_output_two_rows_below_its_input() -> None:
    plan = tall()
    (step,) = [s for s in plan.steps if s.call.kernel == "depthwise_conv_3x3_scaled"]
    assert 0 < step.inputs[0] - step.out < 3 * step.call.row_bytes
    assert (step.inputs[0] - step.out) % step.call.lanes == 0


@pytest.mark.parametrize("shift", [4, 12])
def test_the_checker_finds_channels_out_of_step(shift: int) -> None:
    plan = tall()
    steps = list(plan.steps)
    at = next(i for i, s in enumerate(steps) if s.call.kernel == "depthwise_conv_3x3_scaled")
    steps[at] = replace(steps[at], out=steps[at].out + shift)
    with pytest.raises(PlanError, match=r"would overwrite its own input|belongs to"):
        check(replace(plan, steps=tuple(steps), arena_bytes=plan.arena_bytes + 64), scratch_bytes)


def test_the_checker_finds_rows_ahead_of_what_is_read() -> None:
    made = net(4, 1, 9, 1, 16)
    graph = made.graph(made.conv(made.inputs[0], 16, 1))
    plan = compile_graph(graph, goal=FASTEST, passes=()).plan
    (step,) = plan.steps
    assert step.call.ahead == 3
    assert step.out == step.inputs[0] == places(plan)[graph.outputs[0]]
    check(plan, scratch_bytes)
    later = replace(step, out=step.out + 4)  # then a row lies over the beginning of the next one
    end = {graph.outputs[0]: step.out + 4}
    with pytest.raises(PlanError, match="would overwrite its own input"):
        overlaid = replace(plan, steps=(later,), end=end, arena_bytes=plan.arena_bytes + 4)
        check(overlaid, scratch_bytes)
