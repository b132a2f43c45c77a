# SPDX-License-Identifier: Apache-2.0
"""The drop-in class behaves as tflite_runtime's does."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_runtime.interpreter import Interpreter as Tflite

from edgeinfer import Interpreter, tflite
from tests.ops.cases import CASES


@pytest.fixture
def model() -> bytes:
    return tflite.write(CASES["CONV_2D"](np.random.default_rng(3)))


def test_details_are_those_of_tflite(model: bytes) -> None:
    ours, theirs = Interpreter(model_content=model), Tflite(model_content=model)
    theirs.allocate_tensors()
    ours.allocate_tensors()
    for mine, other in (
        (ours.get_input_details()[0], theirs.get_input_details()[0]),
        (ours.get_output_details()[0], theirs.get_output_details()[0]),
    ):
        assert set(mine) == set(other)
        assert mine["name"] == other["name"] and mine["index"] == other["index"]
        assert mine["dtype"] is other["dtype"]
        assert mine["shape"].tolist() == other["shape"].tolist()
        assert mine["quantization"] == pytest.approx(other["quantization"])
        for key, value in mine["quantization_parameters"].items():
            assert np.array_equal(value, other["quantization_parameters"][key])


def test_inputs_survive_an_inference(model: bytes) -> None:
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    value = np.full(detail["shape"], 5, np.int8)
    interpreter.set_tensor(detail["index"], value)
    output = interpreter.get_output_details()[0]["index"]
    interpreter.invoke()
    first = interpreter.get_tensor(output)
    interpreter.reset_all_variables()
    interpreter.invoke()
    assert np.array_equal(interpreter.get_tensor(output), first)
    assert np.array_equal(interpreter.get_tensor(detail["index"]), value)


def test_wrong_use_is_refused(model: bytes) -> None:
    interpreter = Interpreter(model_content=model)
    with pytest.raises(RuntimeError, match="allocate_tensors"):
        interpreter.invoke()
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    with pytest.raises(ValueError, match="takes int8"):
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], np.float32))
    with pytest.raises(ValueError, match="not an input"):
        interpreter.set_tensor(1, np.zeros(1, np.int8))
    with pytest.raises(ValueError, match="neither"):
        interpreter.get_tensor(1)
    with pytest.raises(ValueError, match="either"):
        Interpreter()
