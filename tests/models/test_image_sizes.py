# SPDX-License-Identifier: Apache-2.0
"""The public models' images: little more than weights, biases and multipliers."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.plan import FASTEST
from tests.bench.measure import parameter_bytes

CEILINGS = {  # of the image for a Cortex-M4 over its parameters; the target is 1.06
    "ad01": 1.003,
    "ic01": 1.016,
    "kws01": 1.0,
    "person_detect": 0.993,
    "sww01": 1.019,
    "vww01": 1.032,
}


@pytest.mark.parametrize("name", CEILINGS)
def test_no_image_grows(shared: Path, name: str) -> None:
    graph = tflite.read_file(shared / "models" / "int8" / f"{name}_int8.tflite")
    image = compile_graph(graph, goal=FASTEST, layout="pairs").image
    assert len(image) <= CEILINGS[name] * parameter_bytes(graph)
