# SPDX-License-Identifier: Apache-2.0
"""Small images that together run every kernel."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from edgeinfer import native
from edgeinfer.boards.board import LAYOUTS
from edgeinfer.compile import Compiled, compile_graph, make_plan
from edgeinfer.image import pack, read_image, with_selftest
from edgeinfer.image.layout import STEP
from edgeinfer.lower import lower
from edgeinfer.ops.base import Call
from edgeinfer.plan import FASTEST, Goal, Plan
from edgeinfer.session import Session
from tests.ops.cases import CASES
from tests.optimize.networks import Net

SUBTRACTION = "CUSTOM:SignalFilterBankSpectralSubtraction"


@functools.cache
def all_images() -> dict[str, bytes]:
    """Three random models of each operator, in all layouts of filters where they differ,
    the planner's own kernel, bands, and arenas of several parts; by name."""
    found = {"move": _move(), "bands": banded().image, **_parts()}
    for op, make in CASES.items():
        rng = np.random.default_rng([7, *op.encode()])
        for number in range(3):
            graph = make(rng)
            found[f"{op} {number}"] = image = compile_graph(graph, strip=False).image
            for layout in LAYOUTS[1:]:
                other = compile_graph(graph, layout=layout).image
                if read_image(other).kernels != read_image(image).kernels:
                    found[f"{op} {number} {layout}"] = other
    kernels = {kernel for image in found.values() for kernel in read_image(image).kernels}
    assert kernels == set(native.kernel_names())
    return found


@functools.cache
def banded() -> Compiled:
    """Three convolutions whose many steps are like few."""
    net = Net(1)
    x = net.conv(net.input(1, 16, 16, 3), 8)
    return compile_graph(net.graph(net.conv(net.conv(x, 8, stride=2), 4, stride=2)), passes=())


def wide(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The image of a plan with steps at full length."""
    with monkeypatch.context() as patch:
        patch.setattr(
            "edgeinfer.image.write.step_vectors",
            lambda steps: {"steps": [STEP.pack(*step) for step in steps]},
        )
        return pack(plan, strip=True)


def _parts() -> dict[str, bytes]:
    """Operators with state whose arena has a part for the state, a fast and a slow part."""
    found = {}
    for op in ("SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM", SUBTRACTION):
        graph = CASES[op](np.random.default_rng(7))
        whole = make_plan(lower(graph), FASTEST, apart=True)
        memories = whole.state_bytes + 32, whole.arena_bytes + 64
        made = compile_graph(graph, goal=Goal("fast", memories=memories), apart=True)
        facts = read_image(made.image)
        assert facts.state_bytes and facts.fast_bytes
        found[f"{op} in parts"] = made.image
    return found


def _move() -> bytes:
    """Bytes that go to another place, in place of a RELU."""
    program = lower(CASES["RELU"](np.random.default_rng(7)))
    (call,) = program.calls
    size = program.graph.tensors[call.output.tensor].nbytes
    move = Call("move", {"bytes": size}, call.inputs, call.output, node=call.node)
    image = pack(make_plan(replace(program, calls=(move,)), FASTEST))
    return with_selftest(image, Session(image).selftest_crc())
