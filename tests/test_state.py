# SPDX-License-Identifier: Apache-2.0
"""State between inferences, its reset, and control flow that the oracle gets wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import ModelError, PlanError
from edgeinfer.graph import Graph, Node, Quant
from edgeinfer.interpreter import Interpreter
from edgeinfer.lower import lower
from edgeinfer.ops.base import Ref
from edgeinfer.optimize import optimize
from edgeinfer.plan import check, plan
from edgeinfer.reference import Reference, run
from edgeinfer.session import Session
from edgeinfer.verify import compare, first_difference, oracle, random_inputs
from tests.ops.cases import CASES, samples
from tests.ops.cases.common import constant
from tests.ops.cases.control import BOOL, Part

Q = Quant.per_tensor(0.1, 3)


def stream() -> Graph:
    """Adds up the last four samples; the first three are sevens."""
    first, main = Part(), Part()
    first.assign(first.handle("s"), first.const(np.full((1, 3), 7, np.int8), Q))
    x = main.tensor((1, 1), Q)
    main.nodes.append(Node("CALL_ONCE", (), (), {"init_subgraph_index": 1}, "CallOnceOptions"))
    handle = main.handle("s")
    joined = main.concat(main.read(handle, (1, 3), Q), x)
    main.assign(handle, main.slice(joined, 1))
    return main.graph([x], [joined], first.graph([], []))


def sequence(count: int) -> list[list[np.ndarray]]:
    return [[np.array([[i + 1]], np.int8)] for i in range(count)]


def test_state_is_kept_until_a_reset() -> None:
    session = Session(compile_graph(stream()).image)
    assert [session.run(x)[0].tolist() for x in sequence(2)] == [[[7, 7, 7, 1]], [[7, 7, 1, 2]]]
    session.reset()
    assert session.run([np.array([[9]], np.int8)])[0].tolist() == [[7, 7, 7, 9]]


def test_the_self_test_leaves_no_trace() -> None:
    session = Session(compile_graph(stream()).image)
    crc = session.selftest_crc()
    assert session.run(sequence(1)[0])[0].tolist() == [[7, 7, 7, 1]]
    assert session.selftest_crc() == crc == session.info.selftest_crc


def test_interpreter_resets_all_variables() -> None:
    interpreter = Interpreter(model_content=tflite.write(stream()))
    interpreter.allocate_tensors()
    x, y = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    for wanted in ([7, 7, 7, 5], [7, 7, 5, 5]):
        interpreter.set_tensor(x["index"], np.array([[5]], np.int8))
        interpreter.invoke()
        assert interpreter.get_tensor(y["index"]).tolist() == [wanted]
    interpreter.reset_all_variables()
    interpreter.invoke()
    assert interpreter.get_tensor(y["index"]).tolist() == [[7, 7, 7, 5]]


def test_a_value_keeps_its_bytes_when_its_variable_changes() -> None:
    """Also under another name: a CAST between integers of one size moves nothing."""
    main = Part()
    x, handle = main.tensor((1, 4), Q), main.handle("s")
    named = main.op("CAST", [main.read(handle, (1, 4), Q)], (1, 4), None, np.uint8)
    main.assign(handle, x)
    graph = main.graph([x], [main.op("CAST", [named], (1, 4), None, np.int32)])
    session = Session(compile_graph(graph).image)
    values = [session.run([np.full((1, 4), i, np.int8)])[0].tolist() for i in (1, 2)]
    assert values == [[[3] * 4], [[1] * 4]]


def test_a_batch_of_samples_is_a_sequence() -> None:
    batch = np.array([[1], [2], [3]], np.int8)
    assert run(stream(), [batch])[0].tolist() == [[7, 7, 7, 1], [7, 7, 1, 2], [7, 1, 2, 3]]


def test_verify_compares_sequences_and_finds_the_layer() -> None:
    graph = stream()
    optimized, inputs = optimize(graph), random_inputs(graph, 6)
    verdict, where = compare(Session(compile_graph(graph).image).run, oracle(graph).run, inputs)
    assert (verdict.mismatched_bytes, where) == (0, -1)

    def forgetful(part: Graph) -> object:
        return lambda sample: Reference(part).run(sample)

    found = first_difference(graph, optimized, inputs[2], forgetful, inputs[:2])
    assert "READ_VARIABLE" in found


@pytest.mark.parametrize("op", ["ASSIGN_VARIABLE", "IF", "WHILE"])
def test_no_pass_changes_state_or_control_flow(op: str) -> None:
    rng = np.random.default_rng([3, *op.encode()])
    for _ in range(20):
        graph = CASES[op](rng)
        expected, session = oracle(graph), Session(compile_graph(graph).image)
        for inputs in samples(graph, rng, 4):
            for wanted, got in zip(expected.run(inputs), session.run(inputs), strict=True):
                assert wanted.tobytes() == got.tobytes()


def swap() -> Graph:
    """One round for each leading true, in which two values change places."""
    condition, body, main = Part(), Part(), Part()
    flags = [part.tensor((1, 4), None, BOOL) for part in (condition, body, main)]
    pairs = [[part.tensor((1, 1), Q) for _ in "ab"] for part in (condition, body, main)]
    lists = [condition.const(np.array(v, np.int32)) for v in ([0, 0], [1, 1], [1, 1])]
    kind, options = "StridedSliceOptions", {"shrink_axis_mask": 1}
    first = condition.op("STRIDED_SLICE", [flags[0], *lists], (1,), None, BOOL, options, kind, 2)
    shifted = body.concat(body.slice(flags[1], 1), body.const(np.zeros((1, 1), np.bool_)))
    outputs = [main.tensor((1, 4), None, BOOL), *(main.tensor((1, 1), Q) for _ in "ab")]
    options = {"cond_subgraph_index": 1, "body_subgraph_index": 2}
    main.nodes.append(Node("WHILE", (flags[2], *pairs[2]), tuple(outputs), options, "WhileOptions"))
    return main.graph(
        [flags[2], *pairs[2]],
        outputs[1:],
        condition.graph([flags[0], *pairs[0]], [first]),
        body.graph([flags[1], *pairs[1]], [shifted, pairs[1][1], pairs[1][0]]),
    )


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_values_change_places_in_a_loop(rounds: int) -> None:
    """TFLite copies one after the other here and loses a value; TensorFlow does not."""
    graph = swap()
    flags = np.arange(4)[None] < rounds
    inputs = [flags, np.array([[1]], np.int8), np.array([[2]], np.int8)]
    wanted = [2, 1] if rounds % 2 else [1, 2]
    assert [v.item() for v in Session(compile_graph(graph).image).run(inputs)] == wanted
    assert [v.item() for v in Reference(graph).run(inputs)] == wanted


def test_a_loop_that_does_not_end_is_stopped() -> None:
    graph = swap()
    condition = graph.subgraphs[0]
    always = condition.with_tensor(condition.outputs[0], data=np.array([True]))
    endless = replace(graph, subgraphs=(replace(always, nodes=()), graph.subgraphs[1]))
    with pytest.raises(ModelError, match="does not end"):
        compile_graph(endless)  # its self-test runs it


def test_checker_runs_loops_twice() -> None:
    condition, body, main = Part(), Part(), Part()
    flags = [part.tensor((1, 4), None, BOOL) for part in (condition, body, main)]
    pairs = [[part.tensor((1, 99), Q) for _ in "ab"] for part in (condition, body, main)]
    lists = [condition.const(np.array(v, np.int32)) for v in ([0, 0], [1, 1], [1, 1])]
    kind, options = "StridedSliceOptions", {"shrink_axis_mask": 1}
    first = condition.op("STRIDED_SLICE", [flags[0], *lists], (1,), None, BOOL, options, kind, 2)
    shifted = body.concat(body.slice(flags[1], 1), body.const(np.zeros((1, 1), np.bool_)))
    one = body.add(pairs[1][0], pairs[1][1], Q)
    two = body.add(one, pairs[1][0], Q)
    outputs = [main.tensor((1, 4), None, BOOL), *(main.tensor((1, 99), Q) for _ in "ab")]
    options = {"cond_subgraph_index": 1, "body_subgraph_index": 2}
    main.nodes.append(Node("WHILE", (flags[2], *pairs[2]), tuple(outputs), options, "WhileOptions"))
    graph = main.graph(
        [flags[2], *pairs[2]],
        outputs[1:2],
        condition.graph([flags[0], *pairs[0]], [first]),
        body.graph([flags[1], *pairs[1]], [shifted, body.add(one, two, Q), pairs[1][1]]),
    )
    program = lower(graph)
    check(plan(program, lambda call: 0), lambda call: 0)
    # The second input is read in every round; without the jump's word it is gone after the first.
    forgetful = tuple(
        replace(c, inputs=()) if c.kernel == "jump" and c.params["always"] else c
        for c in program.calls
    )
    with pytest.raises(PlanError, match="needed but"):
        check(plan(replace(program, calls=forgetful), lambda call: 0), lambda call: 0)


def test_checker_wants_a_reset_to_write_all_state() -> None:
    made = plan(lower(stream()), lambda call: 0)
    check(made, lambda call: 0)
    elsewhere = Ref(made.program.graph.inputs[0])
    steps = tuple(
        replace(s, call=replace(s.call, output=elsewhere)) if i < made.program.resets else s
        for i, s in enumerate(made.steps)
    )
    program = replace(made.program, calls=tuple(s.call for s in steps))
    with pytest.raises(PlanError, match="never written"):
        check(replace(made, program=program, steps=steps), lambda call: 0)


def test_states_that_begin_alike_stay_two() -> None:
    """As a converter to float16 writes an LSTM: every inference begins with both states at zero."""
    rng = np.random.default_rng(4)
    graph = CASES["UNIDIRECTIONAL_SEQUENCE_LSTM/float"](rng)
    tensors, starts = list(graph.tensors), []
    for t in graph.nodes[0].inputs[18:20]:
        tensors.append(constant("zeros", np.zeros(tensors[t].shape, np.float16)))
        starts.append(Node("DEQUANTIZE", (len(tensors) - 1,), (t,)))
    graph = replace(graph, tensors=tuple(tensors), nodes=(*starts, *graph.nodes))
    session, numpy = Session(compile_graph(graph).image), Reference(graph)
    (sample,) = samples(graph, rng, 1)
    once = numpy.run(sample)[0].tobytes()
    for _ in range(2):
        assert session.run(sample)[0].tobytes() == numpy.run(sample)[0].tobytes() == once
