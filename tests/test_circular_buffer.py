# SPDX-License-Identifier: Apache-2.0
"""CIRCULAR_BUFFER over sequences, against TFLite Micro's rules written down once more."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Array, Graph, Quant
from edgeinfer.native import BACKENDS
from edgeinfer.ops.circular_buffer import timed
from edgeinfer.reference import Reference
from edgeinfer.session import Session
from tests.ops.cases.control import Part

Q, ZERO = Quant.per_tensor(0.1, 3), 3
DOUBLE = Quant.per_tensor(0.2, 3)  # of a sum of a tensor and itself: the same bytes


def stream(slots: int, cycles: int, valid: bool = False) -> Graph:
    """The outputs: a sum before the buffer, the buffer, and a sum after it."""
    main = Part()
    x = main.tensor((1, 1, 1, 2), Q)
    before = main.add(x, x, DOUBLE)
    y = main.ring(x, slots, cycles, valid)
    after = main.add(y, y, DOUBLE)
    return main.graph([x], [before, y, after])


def expected(slots: int, cycles: int, valid: bool, inputs: list[Array]) -> list[list[Array]]:
    """What TFLite Micro's memory holds after each inference."""
    buffer = after = np.full((1, slots, 1, 2), ZERO, np.int8)
    left, found = cycles, []
    for x in inputs:
        buffer = np.concatenate([buffer[:, 1:], x], 1)
        left -= 1
        if valid or left == 0:
            after = buffer
        left = left or cycles
        found.append([x, buffer, after])
    return found


def inputs(count: int) -> list[Array]:
    return [np.array([2 * i + 1, -i], np.int8).reshape(1, 1, 1, 2) for i in range(count)]


@pytest.mark.parametrize("valid", [False, True])
@pytest.mark.parametrize(
    ("slots", "said", "cycles"), [(4, 3, 3), (3, 1, 1), (1, 2, 2), (4, 0, 2), (5, 0, 1)]
)
def test_sequences(slots: int, said: int, cycles: int, valid: bool) -> None:
    graph = stream(slots, said, valid)
    image = compile_graph(tflite.read(tflite.write(graph))).image
    runners = [Reference(graph), *(Session(image, backend) for backend in BACKENDS)]
    for runner in runners:
        for _ in range(2):  # a reset in the middle of a cycle begins a new one
            wanted = expected(slots, cycles, valid, inputs(8))
            for x, want in zip(inputs(8), wanted, strict=True):
                got = [y.tolist() for y in runner.run([x])]
                assert got == [y.tolist() for y in want], type(runner)
            runner.reset()


def test_a_cycle_that_the_file_does_not_say() -> None:
    """The fifth buffer of 2 by 96, counted since the last with a cycle of 1, has one of 1."""
    main = Part()
    x = main.tensor((1, 1, 2, 96), Q)
    buffers = [main.ring(x, slots, 0) for slots in (13, 4, 4, 4, 4, 4, 4)]
    found = [n.options["cycles"] for n in timed(main.graph([x], buffers)).nodes]
    assert found == [1, 2, 2, 2, 2, 1, 2]


def test_a_stream_of_a_subgraph_is_refused() -> None:
    main, part = Part(), Part()
    given = part.tensor((1, 1, 1, 2), Q)
    side = part.graph([given], [part.ring(given, 1, 2)])
    condition, x = main.tensor((1,), None, np.bool_), main.tensor((1, 1, 1, 2), Q)
    y = main.tensor((1, 1, 1, 2), Q)
    options = {"then_subgraph_index": 1, "else_subgraph_index": 1}
    main.node("IF", [condition, x], [y], options, "IfOptions")
    with pytest.raises(UnsupportedError, match=r"CIRCULAR_BUFFER.*subgraph"):
        compile_graph(main.graph([condition, x], [y], side))
